// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The plans of arm64 programs that the toolchains in the cache build, and their
// code compared with what another disassembler reads there.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include "probes/code/arm64_encoding.h"
#include "probes/code/instruction.h"
#include "probes/plan/plan.h"
#include "tests/support/go_build.h"
#include "tests/support/go_program.h"

namespace gomapd::test {
namespace {

struct Build {
  std::string name;
  std::vector<std::string> flags;
  std::vector<std::string> env;
};

const std::vector<Build>& builds() {
  static const std::vector<Build> kBuilds = {
      {"plain", {}, {}},
      {"stripped", {"-ldflags=-s -w"}, {}},
      {"pie", {"-buildmode=pie"}, {}},
      {"noswissmap", {}, {"GOEXPERIMENT=noswissmap"}},
  };
  return kBuilds;
}

class Arm64Plan : public testing::TestWithParam<std::tuple<std::string, Build>> {
 protected:
  void SetUp() override {
    auto [minor, build] = GetParam();
    if (build.name == "noswissmap" && minor != "1.24" && minor != "1.25")
      GTEST_SKIP() << "Go " << minor << " has no noswissmap";
    const auto root = go_root(minor);
    if (!root) GTEST_SKIP() << "no Go toolchain: run scripts/go-toolchains.sh " << minor;
    build.env.insert(build.env.end(), {"GOARCH=arm64", "CGO_ENABLED=0"});
    const auto path =
        build_go_program(*root, std::filesystem::path(GOMAPD_TEST_SUPPORT) / "go" / "frames",
                         build.flags, build.env);
    ASSERT_TRUE(path) << path.error().context;
    auto program = load_program(*path);
    ASSERT_TRUE(program) << program.error().context;
    program_ = *std::move(program);
    auto binary = analyse(program_.bytes);
    ASSERT_TRUE(binary) << binary.error().context;
    binary_ = *std::move(binary);
    const bool is_classic = binary_->version.minor < 24 || build.name == "noswissmap";
    design_ = is_classic ? go::Design::kClassic : go::Design::kSwiss;
  }

  [[nodiscard]] std::optional<code::Instruction> instruction_at(const ProbeSite& site) const {
    const auto function = binary_->pclntab.function_at(site.address);
    const auto body = binary_->image.at(function->entry, function->end - function->entry);
    const auto all = code::decode_function(*body, function->entry, elf::Machine::kArm64);
    if (!all) return std::nullopt;
    for (const auto& instruction : *all)
      if (function->entry + instruction.offset == site.address) return instruction;
    return std::nullopt;
  }

  LoadedProgram program_;
  std::optional<GoBinary> binary_;
  go::Design design_ = go::Design::kClassic;
};

TEST_P(Arm64Plan, IsWhole) {
  EXPECT_EQ(binary_->image.machine(), elf::Machine::kArm64);
  EXPECT_EQ(binary_->design, design_);
  EXPECT_EQ(binary_->refusal, "");
  EXPECT_EQ(binary_->buckets_refusal, "");
}

TEST_P(Arm64Plan, IsTracedOnArm64OnlyAndFromGo121On) {
  const auto elsewhere = binary_->trace_refusal(elf::Machine::kAmd64);
  EXPECT_NE(elsewhere.find("another architecture, arm64"), std::string::npos) << elsewhere;
  const auto here = binary_->trace_refusal(elf::Machine::kArm64);
  if (binary_->version.minor >= 21)
    EXPECT_EQ(here, "");
  else
    EXPECT_NE(here.find("before Go 1.21"), std::string::npos) << here;
}

TEST_P(Arm64Plan, HasEachGrowthsStartAndEnds) {
  std::map<std::string, int> found;
  for (const auto& site : binary_->sites_for(Detail::kGrowth))
    ++found[fmt::format("{} {}", to_string(site.role), site.function)];
  const std::map<std::string, int> classic = {{"growth_start runtime.hashGrow", 1},
                                              {"growth_end runtime.advanceEvacuationMark", 1}};
  const std::map<std::string, int> swiss = {
      {"growth_start internal/runtime/maps.(*Map).growToTable", 1},
      {"growth_start internal/runtime/maps.(*table).rehash", 1},
      {"growth_end internal/runtime/maps.(*Map).growToTable", 1},
      {"growth_end internal/runtime/maps.(*table).grow", 1},
      {"growth_end internal/runtime/maps.(*table).split", 1}};
  EXPECT_EQ(found, design_ == go::Design::kClassic ? classic : swiss);
}

TEST_P(Arm64Plan, HasOnlyEmulatedSites) {
  for (const auto& site : binary_->sites) {
    SCOPED_TRACE(site.function);
    EXPECT_TRUE(site.emulated);
    const auto instruction = instruction_at(site);
    ASSERT_TRUE(instruction);
    const bool is_start = site.kernel.role != GM_ROLE_CLASSIC_END &&
                          site.kernel.role != GM_ROLE_SWISS_END &&
                          site.kernel.role != GM_ROLE_PRUNE_END;
    EXPECT_EQ(site.instruction.starts_with("b.ls "), is_start) << site.instruction;
    EXPECT_EQ(site.kernel.rule, is_start ? GM_RULE_UNLESS_BRANCH_TAKEN : GM_RULE_ALWAYS);
    if (site.kernel.role == GM_ROLE_SWISS_END || site.kernel.role == GM_ROLE_PRUNE_END) {
      EXPECT_EQ(site.instruction, "ret");
    }
    EXPECT_EQ(site.kernel.frame_linked, site.kernel.role == GM_ROLE_CLASSIC_END ? 1 : 0);
  }
}

TEST_P(Arm64Plan, TellsTheKernelWhereArgumentsAre) {
  for (const auto& site : binary_->sites) {
    SCOPED_TRACE(site.function);
    EXPECT_EQ(site.kernel.address, site.address);
    EXPECT_EQ(site.kernel.stack_abi, binary_->version.minor < 18 ? 1 : 0);
    EXPECT_EQ(site.kernel.tls_g_offset, 0);
    if (site.kernel.role != GM_ROLE_CLASSIC_END) continue;
    EXPECT_EQ(site.kernel.hmap_at.where, 0U);
    // From 1.18 on the compiler uses the type's register for something else.
    if (binary_->version.minor < 18) {
      EXPECT_LE(site.kernel.type_at.where, 30U);
    } else {
      EXPECT_EQ(site.kernel.type_at.where, GM_NO_REGISTER);
    }
  }
}

TEST_P(Arm64Plan, HasSitesWhereTheFileHasTheirInstruction) {
  for (const auto& site : binary_->sites) {
    const auto in_memory = binary_->image.at(site.address, 4);
    ASSERT_TRUE(in_memory);
    ASSERT_LE(site.file_offset + 4, program_.bytes.size());
    EXPECT_TRUE(std::ranges::equal(
        *in_memory, Bytes(program_.bytes).subspan(static_cast<std::size_t>(site.file_offset), 4)));
  }
}

// "b.ls", "0x1c220" of a line of objdump's, LLVM's or GNU's.
struct Line {
  elf::Vaddr address = 0;
  std::string mnemonic;
  std::optional<elf::Vaddr> target;
};

std::optional<elf::Vaddr> hex_number(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  elf::Vaddr value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::optional<Line> parse_line(std::string text) {
  std::ranges::replace(text, '\t', ' ');
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  std::vector<std::string> words;
  for (auto& word : split(text.substr(colon + 1), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  const auto start = text.find_first_not_of(' ');
  const auto address = hex_number(text.substr(start, colon - start));
  if (!address || words.empty()) return std::nullopt;
  Line line{*address, words[0], std::nullopt};
  // The operand before "<symbol+0x10>" and before another name: "// b.plast".
  for (std::size_t i = 1; i < words.size() && words[i][0] != '<' && words[i][0] != '/'; ++i)
    if (!words[i].starts_with('#')) line.target = hex_number(words[i]);
  return line;
}

std::string flow_name(std::string_view mnemonic) {
  if (mnemonic.starts_with("b.") || mnemonic == "cbz" || mnemonic == "cbnz" || mnemonic == "tbz" ||
      mnemonic == "tbnz")
    return "conditional";
  for (const std::string_view one : {"b", "bl", "br", "blr", "ret"})
    if (mnemonic == one) return std::string(one);
  return "next";
}

std::string flow_name(const code::Instruction& instruction) {
  switch (instruction.flow) {
    case code::Flow::kConditional: return "conditional";
    case code::Flow::kJump: return "b";
    case code::Flow::kCall: return "bl";
    case code::Flow::kIndirectJump: return "br";
    case code::Flow::kIndirectCall: return "blr";
    case code::Flow::kReturn: return "ret";
    case code::Flow::kNext:
    case code::Flow::kTrap: break;
  }
  return "next";
}

// Nothing when there is no disassembler for arm64 here.
std::optional<std::string> disassemble(const std::filesystem::path& program, elf::Vaddr from,
                                       elf::Vaddr to) {
  for (const char* tool : {"aarch64-linux-gnu-objdump", "llvm-objdump-19", "llvm-objdump"}) {
    auto text = run({tool, "-d", "--no-show-raw-insn", fmt::format("--start-address={:#x}", from),
                     fmt::format("--stop-address={:#x}", to), program.string()});
    if (text) return *std::move(text);
  }
  return std::nullopt;
}

// All functions of the runtime's maps: each word is read as the other
// disassembler reads it, in flow and target.
TEST_P(Arm64Plan, ReadsCodeAsAnotherDisassemblerDoes) {
  std::size_t compared = 0;
  for (const auto& site : binary_->sites) {
    const auto function = binary_->pclntab.function_at(site.address);
    const auto text = disassemble(program_.path, function->entry, function->end);
    if (!text) GTEST_SKIP() << "no objdump for arm64: install llvm or binutils-aarch64-linux-gnu";
    const auto body = binary_->image.at(function->entry, function->end - function->entry);
    const auto all = code::decode_function(*body, function->entry, elf::Machine::kArm64);
    ASSERT_TRUE(all) << all.error().context;
    std::map<elf::Vaddr, Line> lines;
    for (auto& row : split(*text, '\n'))
      if (auto line = parse_line(row)) lines.emplace(line->address, *line);
    for (const auto& instruction : *all) {
      const auto line = lines.find(function->entry + instruction.offset);
      ASSERT_NE(line, lines.end()) << function->name;
      EXPECT_EQ(flow_name(instruction), flow_name(line->second.mnemonic)) << line->second.mnemonic;
      if (instruction.target_address != 0) {
        EXPECT_EQ(instruction.target_address, line->second.target) << line->second.mnemonic;
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 200U);
}

INSTANTIATE_TEST_SUITE_P(Toolchains, Arm64Plan,
                         testing::Combine(testing::Values("1.15", "1.16", "1.17", "1.18", "1.19",
                                                          "1.20", "1.21", "1.22", "1.23", "1.24",
                                                          "1.25", "1.26", "1.27"),
                                          testing::ValuesIn(builds())),
                         [](const auto& param) {
                           auto name =
                               std::get<0>(param.param) + "_" + std::get<1>(param.param).name;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace gomapd::test
