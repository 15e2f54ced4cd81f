// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/core.h>

#include <array>

#include "probes/go/pclntab.h"

namespace gomapd::go {
namespace {

// Each candidate with a good header costs a pass over the program's data, so a
// file may not hold many. Tools that read pclntab hold the magic numbers, but
// no header around them.
constexpr int kMaxCandidates = 8;
// Words that look like a header's first one, with nonsense behind them.
constexpr int kMaxRefused = 4096;

// Remembers why candidates were refused.
class Search {
 public:
  // True when `address` may be examined further: its header is good.
  bool admit(const elf::Image& image, Vaddr address) {
    const auto header = read_pclntab_header(image, address);
    if (!header) {
      refuse(header.error());
      ++refused_;
      return false;
    }
    return ++candidates_ <= kMaxCandidates;
  }
  [[nodiscard]] bool exhausted() const {
    return candidates_ >= kMaxCandidates || refused_ >= kMaxRefused;
  }
  void refuse(const Error& error) { error_ = error; }
  [[nodiscard]] Error error() const { return error_; }

 private:
  int candidates_ = 0;
  int refused_ = 0;
  Error error_{Errc::kNotGo, "pclntab: there is none"};
};

// Calls `visit` for each aligned word that looks like a table's start, until it
// returns true. Tables are 8-aligned since go1.26, 32-aligned before.
template <typename Visit>
bool scan(const elf::Image& image, const elf::Segment& segment, Visit visit) {
  const auto skipped = (0 - segment.address) % sizeof(std::uint64_t);
  for (auto offset = skipped; offset + sizeof(std::uint64_t) <= segment.bytes.size();) {
    const auto begin = offset;
    const auto end = std::min(offset + elf::Image::kReadAtATime, segment.bytes.size());
    for (; offset + sizeof(std::uint64_t) <= end; offset += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, segment.bytes.data() + offset, sizeof(word));
      if (is_pclntab_magic(word) && visit(segment.address + offset)) return true;
    }
    image.give_back(segment.bytes.subspan(begin, end - begin));
  }
  return false;
}

// Where the linkers put the table if they give it a section of its own; the
// second one in position-independent files up to Go 1.25.
constexpr std::array<std::string_view, 2> kSections = {".gopclntab", ".data.rel.ro.gopclntab"};

}  // namespace

Result<Pclntab> Pclntab::find(const elf::Image& image) {
  Search search;
  std::optional<Pclntab> found;
  const auto examine = [&](Vaddr address) {
    if (!search.admit(image, address)) return search.exhausted();
    auto table = Pclntab::at(image, address);
    if (!table) {
      search.refuse(table.error());
      return search.exhausted();
    }
    found = *std::move(table);
    return true;
  };

  for (const auto name : kSections) {
    const auto* section = image.find_section(name);
    if (section != nullptr && examine(section->address) && found) return *std::move(found);
  }
  // Only linkers that put read-only data beside the code hide it there.
  for (const bool executable : {false, true})
    for (const auto& segment : image.segments())
      if (segment.executable == executable && !found && scan(image, segment, examine)) break;
  if (found) return *std::move(found);
  return std::unexpected(search.error());
}

Result<Pclntab> Pclntab::at(const elf::Image& image, Vaddr address) {
  const auto header = TRY(read_pclntab_header(image, address));
  const auto module = TRY(find_moduledata(image, header));
  Pclntab table(image, header, module);
  TRY_VOID(table.check_functions(module));
  return table;
}

Pclntab::Pclntab(const elf::Image& image, const PclntabHeader& header, const Module& module)
    : image_(image),
      layout_(header.layout),
      fields_(record_layout(header.layout)),
      moduledata_(module.data),
      address_(header.address),
      functab_address_(header.address + header.functab),
      records_address_(header.address + header.records),
      text_start_(module.data.text),
      function_count_(static_cast<std::uint32_t>(header.function_count)),
      quantum_(header.quantum),
      functab_(part(header.functab, header.functab_size())),
      names_(part(header.names, module.sizes.names)),
      cutab_(part(header.cutab, module.sizes.cutab)),
      files_(part(header.files, module.sizes.files)),
      pctab_(part(header.pctab, module.sizes.pctab)),
      records_(part(header.records, module.sizes.records)) {
  functab_is_relocated_ =
      layout_ < PclntabLayout::kGo118 && functab_word(0) == 0 && module.min_pc != 0;
}

// One pass, after which lookups in the function table need no more checks.
Result<void> Pclntab::check_functions(const Module& module) {
  if (entry_of(0) != module.min_pc || entry_of(function_count_) != module.max_pc)
    return fail(Errc::kMalformed, "pclntab: its functions are not moduledata's");
  Vaddr previous = 0;
  for (std::uint32_t i = 0; i < function_count_; ++i) {
    const auto entry = entry_of(i);
    if (entry < previous)
      return fail(Errc::kMalformed, fmt::format("pclntab: function {} is out of order", i));
    previous = entry;
    const auto offset = functab_word(2ULL * i + 1);
    if (offset > records_.size() || records_.size() - offset < fields_.size)
      return fail(Errc::kMalformed, fmt::format("pclntab: record of function {} is at {:#x} of {}",
                                                i, offset, records_.size()));
    const auto name = field({.offset = offset}, fields_.name);
    if (name >= names_.size())
      return fail(Errc::kMalformed, fmt::format("pclntab: name of function {} is at {:#x} of {}", i,
                                                name, names_.size()));
    // The number of wrappers changes with releases, but this function, which
    // every program has, has always been counted among them.
    // go1.15 to go1.27 src/cmd/internal/objabi/funcid.go: GetFuncID, funcIDs
    if (wrapper_id_ == 0 && text_at(names_, name) == "runtime.deferreturn")
      wrapper_id_ = func_id({.offset = offset});
  }
  if (module.max_pc < previous)
    return fail(Errc::kMalformed, "pclntab: the last function ends before it starts");
  return {};
}

}  // namespace gomapd::go
