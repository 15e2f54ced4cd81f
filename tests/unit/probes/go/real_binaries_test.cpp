// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What probes/go reads from real programs, compared with what the programs'
// own runtime says, for each toolchain in the cache and each way to link.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

#include "probes/go/build_info.h"
#include "probes/go/pclntab.h"
#include "probes/go/types.h"
#include "tests/support/go_build.h"
#include "tests/support/go_program.h"

namespace gomapd::test {
namespace {

struct Variant {
  std::string name;
  std::vector<std::string> flags;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

const std::vector<Variant>& variants() {
  static const std::vector<Variant> kVariants = {
      {"plain", {}},
      {"stripped", {"-ldflags=-s -w"}},
      {"pie", {"-buildmode=pie"}},
      {"stripped_pie", {"-buildmode=pie", "-ldflags=-s -w"}},
      {"external_pie_lld",
       {"-buildmode=pie", "-ldflags=-s -w -linkmode=external -extldflags=-fuse-ld=lld"}},
  };
  return kVariants;
}

std::vector<std::string> known_minors() {
  return {"1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "1.21",
          "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"};
}

class RealBinary : public testing::TestWithParam<std::tuple<std::string, Variant>> {
 protected:
  void SetUp() override {
    const auto& [minor, variant] = GetParam();
    const auto root = go_root(minor);
    if (!root) GTEST_SKIP() << "no Go toolchain: run scripts/go-toolchains.sh " << minor;
    const auto path = build_go_program(
        *root, std::filesystem::path(GOMAPD_TEST_SUPPORT) / "go" / "frames", variant.flags);
    if (!path) GTEST_SKIP() << "this toolchain can't build it here: " << path.error().context;
    auto program = load_program(*path);
    ASSERT_TRUE(program) << program.error().context;
    program_ = *std::move(program);
    auto table = go::Pclntab::find(program_.image);
    ASSERT_TRUE(table) << table.error().context;
    table_ = *std::move(table);
    table_->for_each([&](const go::Function& function) {
      if (function.name == "main.main") base_ = function.entry;
    });
    ASSERT_NE(base_, 0U);
  }

  [[nodiscard]] std::vector<std::vector<std::string>> ask(
      std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), program_.path.string());
    const auto output = run(arguments);
    EXPECT_TRUE(output) << output.error().context;
    std::vector<std::vector<std::string>> rows;
    if (!output) return rows;
    for (const auto& line : split(*output, '\n')) rows.push_back(split(line, '\t'));
    return rows;
  }

  // The address in the file of something the program printed.
  [[nodiscard]] elf::Vaddr address(const std::string& distance) const {
    std::int64_t value = 0;
    std::from_chars(distance.data(), distance.data() + distance.size(), value);
    return base_ + static_cast<elf::Vaddr>(value);
  }

  LoadedProgram program_;
  std::optional<go::Pclntab> table_;
  elf::Vaddr base_ = 0;
};

// As runtime.funcNameForPrint of Go 1.21 and later writes it.
std::string printed(std::string_view name) {
  const auto open = name.find('[');
  const auto close = name.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos) return std::string(name);
  return fmt::format("{}[...]{}", name.substr(0, open), name.substr(close + 1));
}

// The runtime takes a name at offset 0 of the names for none, though the
// linkers from Go 1.16 on put one there. runtime/symtab.go: funcnameFromNameOff
bool same_function(std::string_view ours, const std::string& theirs) {
  return ours == theirs || printed(ours) == theirs || theirs.empty();
}

std::string describe(const go::SourceFrame& frame) {
  return fmt::format("{} {}:{}", frame.function, frame.file, frame.line);
}

TEST_P(RealBinary, FindsTheSourceOfEachPcAsTheRuntimeDoes) {
  const auto list = program_.path.string() + ".pcs." + std::to_string(getpid());
  {
    std::ofstream file(list);
    for (std::uint32_t i = 0; i < table_->function_count(); ++i) {
      const auto function = table_->function(i);
      for (auto pc = function.entry; pc + 1 < function.end; pc += 23)
        file << static_cast<std::int64_t>(pc - base_) << '\n';
    }
  }
  const auto rows = ask({"at", list});
  std::filesystem::remove(list);

  std::size_t wrong = 0;
  std::string examples;
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 4U);
    const auto frames = table_->frames_at(address(row[0]));
    ASSERT_FALSE(frames.empty());
    const auto& frame = frames.front();
    const bool unknown = row[2] == "?" && frame.file.empty();
    if (same_function(frame.function, row[1]) && std::to_string(frame.line) == row[3] &&
        (frame.file == row[2] || unknown))
      continue;
    if (++wrong <= 10)
      examples += fmt::format("{}: ours {}, the runtime's {} {}:{}\n", row[0], describe(frame),
                              row[1], row[2], row[3]);
  }
  EXPECT_GT(rows.size(), 10000U);
  EXPECT_EQ(wrong, 0U) << examples;
}

TEST_P(RealBinary, UnwindsInlinedCallsAsTheRuntimeDoes) {
  const auto rows = ask({"chain"});
  std::size_t inlined = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != 5) continue;
    const auto frames = table_->frames_at(address(rows[i][0]));
    ASSERT_FALSE(frames.empty());
    for (std::size_t level = 0; level < frames.size(); ++level) {
      ASSERT_LT(i + level, rows.size());
      const auto& row = rows[i + level];
      ASSERT_EQ(row.size(), 5U) << describe(frames[level]);
      EXPECT_PRED2(same_function, frames[level].function, row[1]);
      EXPECT_EQ(frames[level].file, row[2]);
      EXPECT_EQ(std::to_string(frames[level].line), row[3]);
      EXPECT_EQ(frames[level].inlined, row[4] == "inlined") << describe(frames[level]);
      if (frames[level].inlined) ++inlined;
    }
  }
  EXPECT_GT(inlined, 20U);
}

TEST_P(RealBinary, FindsWhereACallWasInlined) {
  const auto name = std::string("main.inner");
  std::size_t ranges = 0;
  for (std::uint32_t i = 0; i < table_->function_count(); ++i) {
    const auto function = table_->function(i);
    const auto found = table_->inlined_in(function, [&](auto callee) { return callee == name; });
    ranges += found.size();
    for (auto pc = function.entry; pc < function.end; ++pc) {
      if (!function.name.starts_with("main.")) break;
      const auto frames = table_->frames_at(pc);
      const bool in_frames = std::ranges::any_of(
          frames, [&](const auto& frame) { return frame.inlined && frame.function == name; });
      const bool in_ranges = std::ranges::any_of(
          found, [&](const auto& range) { return pc >= range.begin && pc < range.end; });
      ASSERT_EQ(in_frames, in_ranges) << function.name << " at " << pc - function.entry;
    }
  }
  EXPECT_GT(ranges, 3U);
}

TEST_P(RealBinary, NamesFunctionsAsTheSymbolTableDoes) {
  const auto& [minor, variant] = GetParam();
  if (!program_.image.has_symbol_table()) GTEST_SKIP() << "this variant has no symbols";
  const auto output =
      run({(*go_root(minor) / "bin" / "go").string(), "tool", "nm", program_.path.string()},
          {"GOROOT=" + go_root(minor)->string(), "GOTOOLCHAIN=local"});
  ASSERT_TRUE(output) << output.error().context;
  std::map<elf::Vaddr, std::vector<std::string>> symbols;
  for (const auto& line : split(*output, '\n')) {
    const auto start = line.find_first_not_of(' ');
    elf::Vaddr symbol = 0;
    const auto parsed = std::from_chars(line.data() + start, line.data() + line.size(), symbol, 16);
    const auto rest = std::string_view(parsed.ptr, line.data() + line.size());
    if (!rest.starts_with(" T ") && !rest.starts_with(" t ")) continue;
    auto name = std::string(rest.substr(3));
    if (name.ends_with(".abi0")) name.resize(name.size() - 5);
    symbols[symbol].push_back(name);
    // The linkers of Go 1.18 to 1.20 shorten type arguments in pclntab only.
    symbols[symbol].push_back(printed(name));
  }
  std::size_t missing = 0;
  table_->for_each([&](const go::Function& function) {
    // The linker writes "·" differently in the symbol table.
    if (function.name.find("·") != std::string_view::npos) return;
    const auto found = symbols.find(function.entry);
    const bool named = found != symbols.end() &&
                       std::ranges::find(found->second, function.name) != found->second.end();
    if (!named && ++missing < 5) ADD_FAILURE() << function.name << " is no symbol";
  });
  EXPECT_EQ(missing, 0U);
}

// Reads as the loader would leave the file's data.
go::ReadMemory memory_of(const elf::Image& image) {
  return [&image](elf::Vaddr address, std::span<std::byte> out, go::Content) {
    if (out.size() == sizeof(elf::Vaddr) && address % sizeof(elf::Vaddr) == 0) {
      const auto word = image.pointer_at(address);
      if (word) std::memcpy(out.data(), &*word, sizeof(*word));
      return word.has_value();
    }
    const auto bytes = image.at(address, out.size());
    if (bytes) std::ranges::copy(*bytes, out.begin());
    return bytes.has_value();
  };
}

TEST_P(RealBinary, ReadsMapTypesAsTheRuntimeDoes) {
  const int minor = std::stoi(std::get<0>(GetParam()).substr(2));
  go::TypeLayout layout;
  layout.design = minor >= 24 ? go::Design::kSwiss : go::Design::kClassic;
  layout.varint_names = minor >= 17;
  layout.swiss_group_layout_27 = minor >= 27;
  const auto rows = ask({"types"});
  EXPECT_EQ(rows.size(), 14U);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 4U);
    const auto type =
        go::read_map_type(memory_of(program_.image), table_->moduledata(), layout, address(row[0]));
    ASSERT_TRUE(type) << row[1] << ": " << type.error().context;
    EXPECT_EQ(type->name, row[1]);
    EXPECT_EQ(std::to_string(type->key_slot_bytes), row[2]) << row[1];
    EXPECT_EQ(std::to_string(type->elem_slot_bytes), row[3]) << row[1];
    EXPECT_GE(type->unit_bytes, 8 + 8 * (type->key_slot_bytes + type->elem_slot_bytes));
  }
}

TEST_P(RealBinary, SaysItsVersion) {
  const auto info = go::read_build_info(program_.image);
  ASSERT_TRUE(info) << info.error().context;
  const auto version = go::parse_version(info->version);
  ASSERT_TRUE(version) << info->version;
  EXPECT_EQ("1." + std::to_string(version->minor), std::get<0>(GetParam()));
}

TEST_P(RealBinary, HasABuildId) {
  EXPECT_FALSE(program_.image.build_id().empty());
}

INSTANTIATE_TEST_SUITE_P(Go, RealBinary,
                         testing::Combine(testing::ValuesIn(known_minors()),
                                          testing::ValuesIn(variants())),
                         [](const auto& test) {
                           auto name = std::get<0>(test.param) + "_" + std::get<1>(test.param).name;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace gomapd::test
