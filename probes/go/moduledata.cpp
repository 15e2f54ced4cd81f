// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/moduledata.h"

#include <fmt/core.h>

#include <array>

namespace gomapd::go {
namespace {

// Byte offsets of moduledata's fields on 64-bit machines; 0 = has none.
struct Row {
  PclntabLayout layout;
  std::uint16_t ftab;
  std::uint16_t min_pc;  // then maxpc, text, etext
  std::uint16_t types;
  std::uint16_t etypes;
  std::uint16_t gofunc;
  std::uint16_t epclntab;
  std::uint16_t textsectmap;
};

// src/runtime/symtab.go: type moduledata, of the release named.
constexpr std::array<Row, 6> kRows = {{
    {PclntabLayout::kGo12, 24, 80, 200, 208, 0, 0, 216},         // go1.15
    {PclntabLayout::kGo116, 128, 160, 280, 288, 0, 0, 296},      // go1.16, go1.17
    {PclntabLayout::kGo118, 128, 160, 280, 288, 304, 0, 312},    // go1.18, go1.19
    {PclntabLayout::kGo120, 128, 160, 296, 304, 320, 0, 328},    // go1.20 to go1.25
    {PclntabLayout::kGo126, 128, 160, 296, 304, 320, 328, 336},  // go1.26
    {PclntabLayout::kGo126, 128, 160, 296, 312, 344, 352, 360},  // go1.27
}};

struct Slice {
  Vaddr data = 0;
  std::uint64_t length = 0;
};

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Errc::kMalformed, fmt::format("moduledata: {}", why));
}

Result<Slice> read_slice(const elf::Image& image, Vaddr address) {
  Slice slice;
  slice.data = TRY(image.pointer_at(address));
  slice.length = TRY(image.pointer_at(address + 8));
  const auto capacity = TRY(image.pointer_at(address + 16));
  // The linker writes all of moduledata's slices full.
  // go1.27 src/cmd/link/internal/ld/symtab.go: symtab, its func slice.
  if (slice.length != capacity) return refuse("a slice's length is not its capacity");
  return slice;
}

// Bytes of the slice at `address`, which must be the table's part at `offset`.
Result<std::uint64_t> part_size(const elf::Image& image, const PclntabHeader& header, Vaddr address,
                                std::uint64_t offset, std::uint64_t element_size) {
  const auto slice = TRY(read_slice(image, address));
  const auto start = checked_add(header.address, offset);
  const auto size = checked_mul(slice.length, element_size);
  if (!start || slice.data != *start || !size) return refuse("it belongs to no such table");
  if (*size != 0) TRY(image.at(slice.data, *size));
  return *size;
}

Result<PclntabSizes> read_sizes(const elf::Image& image, const PclntabHeader& header,
                                Vaddr address) {
  PclntabSizes sizes;
  if (header.layout == PclntabLayout::kGo12) {
    sizes.records = TRY(part_size(image, header, address, 0, 1));
    sizes.names = sizes.records;
    sizes.pctab = sizes.records;
    sizes.files = TRY(part_size(image, header, address + 48, header.files, sizeof(std::uint32_t)));
    return sizes;
  }
  if (TRY(image.pointer_at(address)) != header.address) return refuse("it points elsewhere");
  sizes.names = TRY(part_size(image, header, address + 8, header.names, 1));
  sizes.cutab = TRY(part_size(image, header, address + 32, header.cutab, sizeof(std::uint32_t)));
  sizes.files = TRY(part_size(image, header, address + 56, header.files, 1));
  sizes.pctab = TRY(part_size(image, header, address + 80, header.pctab, 1));
  sizes.records = TRY(part_size(image, header, address + 104, header.records, 1));
  return sizes;
}

// [begin, end) lies in the file's bytes of one segment.
bool is_backed(const elf::Image& image, Vaddr begin, Vaddr end) {
  return begin < end && image.at(begin, end - begin).has_value();
}

Result<void> check_text(const elf::Image& image, const PclntabHeader& header,
                        const Module& module) {
  const auto& data = module.data;
  const auto* segment = image.segment_at(data.text);
  if (segment == nullptr || !segment->executable || !is_backed(image, data.text, data.etext))
    return refuse("its text is not in an executable segment");
  if (header.text_start != 0 && header.text_start != data.text)
    return refuse("it and the table disagree on where text starts");
  if (module.min_pc < data.text || module.min_pc > module.max_pc || module.max_pc > data.etext)
    return refuse("its functions are outside its text");
  return {};
}

Result<void> check_row(const elf::Image& image, const PclntabHeader& header, const Row& row,
                       const Moduledata& data) {
  if (!is_backed(image, data.types, data.etypes)) return refuse("its types are not in the file");
  if (row.gofunc != 0 && !image.from(data.gofunc)) return refuse("its funcdata is not in the file");
  if (row.epclntab != 0) {
    // Go 1.26 moved the funcdata into pclntab.
    const auto end = TRY(image.pointer_at(data.address + row.epclntab));
    if (!is_backed(image, header.address, end) || data.gofunc < header.address ||
        data.gofunc >= end)
      return refuse("its funcdata is not in pclntab");
  }
  const auto sections = TRY(read_slice(image, data.address + row.textsectmap));
  // Only linkers that split text (ppc64, huge arm64) write more; an offset is
  // then no longer text + offset. go1.27 src/runtime/symtab.go: textAddr.
  if (sections.length > 1)
    return fail(Errc::kUnsupported,
                fmt::format("moduledata: text is split into {} sections", sections.length));
  return {};
}

Result<Module> read_row(const elf::Image& image, const PclntabHeader& header, const Row& row,
                        Vaddr address) {
  Module module;
  module.sizes = TRY(read_sizes(image, header, address));
  const auto functions = TRY(read_slice(image, address + row.ftab));
  if (functions.data != header.address + header.functab ||
      functions.length != header.function_count + 1)
    return refuse("its function table is another one");

  auto& data = module.data;
  data.address = address;
  module.min_pc = TRY(image.pointer_at(address + row.min_pc));
  module.max_pc = TRY(image.pointer_at(address + row.min_pc + 8));
  data.text = TRY(image.pointer_at(address + row.min_pc + 16));
  data.etext = TRY(image.pointer_at(address + row.min_pc + 24));
  data.types = TRY(image.pointer_at(address + row.types));
  data.etypes = TRY(image.pointer_at(address + row.etypes));
  if (row.gofunc != 0) data.gofunc = TRY(image.pointer_at(address + row.gofunc));
  TRY_VOID(check_text(image, header, module));
  TRY_VOID(check_row(image, header, row, data));
  return module;
}

Result<Module> read_moduledata(const elf::Image& image, const PclntabHeader& header,
                               Vaddr address) {
  Error last{Errc::kMalformed, "moduledata: unknown layout"};
  for (const auto& row : kRows) {
    if (row.layout != header.layout) continue;
    auto module = read_row(image, header, row, address);
    if (module) return module;
    last = module.error();
  }
  return std::unexpected(last);
}

// The linker's own sections for moduledata hold little else.
std::vector<Vaddr> likely_addresses(const elf::Image& image, Vaddr target) {
  std::vector<Vaddr> addresses;
  const auto* section = image.find_section(".go.module");
  if (section != nullptr) addresses.push_back(section->address);
  section = image.find_section(".noptrdata");
  if (section == nullptr) return addresses;
  const auto bytes = image.at(section->address, section->size);
  if (!bytes) return addresses;
  for (std::size_t i = 0; i + sizeof(Vaddr) <= bytes->size() && addresses.size() < 16; i += 8) {
    Vaddr word = 0;
    std::memcpy(&word, bytes->data() + i, sizeof(word));
    if (word == target) addresses.push_back(section->address + i);
  }
  return addresses;
}

}  // namespace

Result<Module> find_moduledata(const elf::Image& image, const PclntabHeader& header) {
  for (const auto address : likely_addresses(image, header.address))
    if (auto module = read_moduledata(image, header, address)) return module;

  // A few other words point at the table: runtime.pclntab itself, data of
  // programs that look for it.
  constexpr std::size_t kMaxPointers = 64;
  Error last{Errc::kMalformed, "moduledata: nothing points at pclntab"};
  for (const auto address : image.pointers_to(header.address, kMaxPointers)) {
    auto module = read_moduledata(image, header, address);
    if (module) return module;
    last = module.error();
  }
  return std::unexpected(last);
}

}  // namespace gomapd::go
