// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The sites of the map functions that real toolchains built: go_bodies*.txt
// hold their machine code (record_bodies.py writes it), go_sites*.txt the
// expected sites, checked against objdump's disassembly by other means.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "probes/code/echo.h"
#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

struct Fixture {
  elf::Machine machine;
  const char* bodies;
  const char* sites;
};

constexpr std::array kFixtures{
    Fixture{elf::Machine::kAmd64, "go_bodies.txt", "go_sites.txt"},
    Fixture{elf::Machine::kArm64, "go_bodies_arm64.txt", "go_sites_arm64.txt"},
};

struct GoBody {
  elf::Machine machine = elf::Machine::kAmd64;
  std::string name;  // "1.23 plain runtime.hashGrow"
  elf::Vaddr entry = 0;
  std::set<elf::Vaddr> never_return;
  std::vector<std::byte> bytes;
};

std::ifstream open_fixture(const char* name) {
  std::ifstream file(std::filesystem::path(GOMAPD_SOURCE_FOLDER) / "tests/unit/probes/code" / name);
  EXPECT_TRUE(file) << name;
  return file;
}

void read_bodies(const Fixture& fixture, std::vector<GoBody>& bodies) {
  auto file = open_fixture(fixture.bodies);
  std::string toolchain, build, function, entry, never_return, hex;
  while (file >> toolchain >> build >> function >> entry >> never_return >> hex) {
    GoBody body;
    body.machine = fixture.machine;
    body.name = toolchain.append(" ").append(build).append(" ").append(function);
    body.entry = std::stoull(entry, nullptr, 16);
    body.bytes = from_hex(hex);
    std::istringstream list(never_return == "-" ? "" : never_return);
    for (std::string address; std::getline(list, address, ',');)
      body.never_return.insert(std::stoull(address, nullptr, 16));
    bodies.push_back(std::move(body));
  }
}

const std::vector<GoBody>& bodies() {
  static const auto all = [] {
    std::vector<GoBody> bodies;
    for (const auto& fixture : kFixtures) read_bodies(fixture, bodies);
    return bodies;
  }();
  return all;
}

Result<FunctionCode> decode(const GoBody& body) {
  const auto never = [&](elf::Vaddr address) { return body.never_return.contains(address); };
  return FunctionCode::decode(body.bytes, body.entry, body.machine, never);
}

// "start +0xa push rbp; end +0x7d jz; done +0x7d jz h=0"
std::string sites_of(const GoBody& body) {
  const auto code = decode(body);
  if (!code) return code.error().context;
  const auto start = code->start_site();
  std::string text =
      "start " + (start ? describe_site(body.bytes, *start, body.machine) : start.error().context);
  const auto ends = code->end_sites();
  if (!ends) return text + "; " + ends.error().context;
  for (const auto& end : *ends)
    text +=
        "; end " + describe_site(body.bytes, end, body.machine) + (end.work_follows ? " ..." : "");
  if (const auto done = code->evacuation_done_site())
    text += "; done " + describe_site(body.bytes, *done, body.machine) +
            " h=" + describe_location(done->hmap);
  return text;
}

class GoSitesOf : public testing::TestWithParam<Fixture> {};

TEST_P(GoSitesOf, AreThoseOfTheDisassembly) {
  std::vector<std::string> found;
  for (const auto& body : bodies())
    if (body.machine == GetParam().machine) found.push_back(body.name + ": " + sites_of(body));
  std::vector<std::string> expected;
  auto file = open_fixture(GetParam().sites);
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) expected.push_back(line);
  EXPECT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
    EXPECT_EQ(found[i], expected[i]);
}

INSTANTIATE_TEST_SUITE_P(Machines, GoSitesOf, testing::ValuesIn(kFixtures),
                         [](const auto& fixture) {
                           return std::string(
                               fixture.param.machine == elf::Machine::kAmd64 ? "Amd64" : "Arm64");
                         });

// What a growth of any Go version starts and ends in; 12 instead of 1 us a hit
// would be felt here. rehash is missing: it ends in what it calls.
bool is_growth(const GoBody& body) {
  return std::ranges::any_of(
      std::to_array<std::string_view>({"runtime.hashGrow", "runtime.advanceEvacuationMark",
                                       "(*table).grow", "(*table).split", "(*Map).growToTable",
                                       "(*Map).growToSmall"}),
      [&](auto function) { return body.name.ends_with(function); });
}

TEST(GoSites, OfGrowthFunctionsAreAllEmulated) {
  for (const auto& body : bodies()) {
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    EXPECT_TRUE(code->start_site().value_or(Site{}).instruction.emulated) << body.name;
    if (!is_growth(body)) continue;
    for (const auto& end : code->end_sites().value_or(std::vector<Site>{Site{}}))
      EXPECT_TRUE(end.instruction.emulated) << body.name;
    if (body.name.ends_with("advanceEvacuationMark")) {
      EXPECT_TRUE(code->evacuation_done_site().value_or(Site{}).instruction.emulated) << body.name;
    }
  }
}

// An independent reading of "executed exactly once on every completed call":
// on the graph of single instructions, by taking one away and looking whether
// a RET can still be reached.
class Instructions {
 public:
  explicit Instructions(const FunctionCode& code) : all_(code.instructions()) {}

  // Reaches a RET from `from` without executing `without`; the jumps back to
  // the entry from morestack's tail are not followed.
  [[nodiscard]] bool returns(Offset from, std::optional<Offset> without) const {
    const auto seen = walk(from, without);
    return std::ranges::any_of(all_, [&](const auto& instruction) {
      return instruction.flow == Flow::kReturn && seen.contains(instruction.offset);
    });
  }
  [[nodiscard]] bool repeats(const Instruction& instruction) const {
    for (const Offset next : after(instruction))
      if (walk(next, std::nullopt).contains(instruction.offset)) return true;
    return false;
  }

 private:
  [[nodiscard]] std::vector<Offset> after(const Instruction& instruction) const {
    std::vector<Offset> next;
    const bool jumps = instruction.flow == Flow::kJump || instruction.flow == Flow::kConditional;
    if (jumps && instruction.target && *instruction.target != 0)
      next.push_back(*instruction.target);
    const bool stops = instruction.flow == Flow::kJump || instruction.flow == Flow::kReturn ||
                       instruction.flow == Flow::kTrap || instruction.never_returns;
    if (!stops) next.push_back(instruction.end());
    return next;
  }
  [[nodiscard]] std::set<Offset> walk(Offset from, std::optional<Offset> without) const {
    std::set<Offset> seen;
    std::vector<Offset> pending = {from};
    while (!pending.empty()) {
      const Offset offset = pending.back();
      pending.pop_back();
      const auto at = std::ranges::find(all_, offset, &Instruction::offset);
      if (offset == without || at == all_.end() || !seen.insert(offset).second) continue;
      for (const Offset next : after(*at)) pending.push_back(next);
    }
    return seen;
  }

  const std::vector<Instruction>& all_;
};

TEST(GoSites, EndAtTheLastEmulatedInstructionOfEveryCompletedCall) {
  for (const auto& body : bodies()) {
    if (!is_growth(body) || body.machine != elf::Machine::kAmd64) continue;
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    const auto ends = code->end_sites();
    ASSERT_TRUE(ends) << body.name;
    const Instructions instructions(*code);
    const Offset end = ends->front().instruction.offset;
    for (const auto& instruction : code->instructions()) {
      const bool is_candidate = instruction.emulated &&
                                !instructions.returns(0, instruction.offset) &&
                                !instructions.repeats(instruction);
      if (instruction.offset == end) {
        EXPECT_TRUE(is_candidate) << body.name;
      }
      // Another candidate comes before: from it the end is still ahead.
      if (is_candidate && instruction.offset != end) {
        EXPECT_FALSE(instructions.returns(instruction.offset, end)) << body.name;
      }
    }
  }
}

TEST(GoSites, EndAtTheReturnsWhereTheKernelEmulatesThem) {
  for (const auto& body : bodies()) {
    if (!is_growth(body) || body.machine != elf::Machine::kArm64) continue;
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    const auto ends = code->end_sites();
    ASSERT_TRUE(ends) << body.name;
    const auto returns =
        std::ranges::count(code->instructions(), Flow::kReturn, &Instruction::flow);
    EXPECT_EQ(std::ssize(*ends), returns) << body.name;
    for (const auto& end : *ends) EXPECT_EQ(end.instruction.flow, Flow::kReturn) << body.name;
  }
}

TEST(GoBodies, NeverCrashWhenTruncated) {
  for (const auto& body : bodies()) {
    if (!body.name.starts_with("1.15 plain") && !body.name.starts_with("1.26 plain")) continue;
    for (std::size_t size = 0; size < body.bytes.size(); ++size) {
      const auto code =
          FunctionCode::decode(Bytes(body.bytes).first(size), body.entry, body.machine);
      if (!code) continue;
      for (const auto& site : code->end_sites().value_or(std::vector<Site>{}))
        EXPECT_LE(site.instruction.end(), size);
      EXPECT_LE(code->start_site().value_or(Site{}).instruction.end(), size);
      EXPECT_LE(code->evacuation_done_site().value_or(Site{}).instruction.end(), size);
    }
  }
}

TEST(GoBodies, DecodeTheSameWithThePaddingBehindThem) {
  for (auto body : bodies()) {
    const auto sites = sites_of(body);
    // cmd/link aligns functions to 32 bytes (16 before 1.16) with int3 or udf.
    const auto padding = body.machine == elf::Machine::kAmd64 ? std::byte{0xcc} : std::byte{0};
    while ((body.entry + body.bytes.size()) % 16 != 0) body.bytes.push_back(padding);
    EXPECT_EQ(sites_of(body), sites) << body.name;
  }
}

// Of all toolchains' functions in which growths start: where the decoder of the whole function
// sees an instruction begin, too.
TEST(GoSites, HaveAnEchoWhereGrowthsStart) {
  std::size_t starts = 0;
  for (const auto& body : bodies()) {
    const auto starts_growth = [&](std::string_view name) { return body.name.ends_with(name); };
    constexpr std::array kStarts{"hashGrow", "(*table).rehash", "(*Map).growToTable"};
    if (std::ranges::none_of(kStarts, starts_growth)) continue;
    ++starts;
    const auto code = decode(body);
    ASSERT_TRUE(code.has_value()) << body.name;
    const auto site = code->start_site();
    ASSERT_TRUE(site.has_value()) << body.name;
    const auto from = site->instruction.offset;
    const auto echo = find_echo(Bytes(body.bytes).subspan(from), body.machine);
    ASSERT_TRUE(echo.has_value()) << body.name;
    EXPECT_TRUE(echo->emulated) << body.name;
    EXPECT_NE(std::ranges::find(code->instructions(), from + echo->offset, &Instruction::offset),
              code->instructions().end())
        << body.name;
  }
  EXPECT_GT(starts, 20);
}

}  // namespace
}  // namespace gomapd::code
