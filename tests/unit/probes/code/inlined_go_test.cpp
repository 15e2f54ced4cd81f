// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The sites in inlined copies that real toolchains made: go_inlined*.txt hold
// functions of profile-guided builds (record_inlined.py writes it),
// go_inlined_sites*.txt the expected sites, checked against the disassembly. The
// ranges of the copies, and that hashGrow's t and h are the function's own first
// arguments, are from DWARF.
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

struct Copy {
  std::string callee;
  InlinedCode code;
};

struct Fixture {
  elf::Machine machine;
  const char* bodies;
  const char* sites;
};

constexpr std::array kFixtures{
    Fixture{elf::Machine::kAmd64, "go_inlined.txt", "go_inlined_sites.txt"},
    Fixture{elf::Machine::kArm64, "go_inlined_arm64.txt", "go_inlined_sites_arm64.txt"},
};

struct GuidedBody {
  elf::Machine machine = elf::Machine::kAmd64;
  std::string name;  // "1.22 9siwpta runtime.mapassign"
  elf::Vaddr entry = 0;
  std::vector<elf::Vaddr> never_return;
  std::vector<elf::Vaddr> preserve;
  std::vector<Copy> copies;
  std::vector<std::byte> bytes;

  [[nodiscard]] std::vector<InlinedCode> copies_of(std::string_view callee) const {
    std::vector<InlinedCode> found;
    for (const auto& copy : copies)
      if (copy.callee == callee) found.push_back(copy.code);
    return found;
  }
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<elf::Vaddr> addresses(const std::string& text) {
  std::vector<elf::Vaddr> found;
  for (const auto& part : split(text == "-" ? "" : text, ','))
    found.push_back(std::stoull(part, nullptr, 16));
  return found;
}

Offset offset_of(const std::string& hex) {
  return static_cast<Offset>(std::stoul(hex, nullptr, 16));
}

// "runtime.hashGrow:1f7-1fa,200-3a5"
Copy copy_of(const std::string& text) {
  const auto colon = text.rfind(':');
  Copy copy{text.substr(0, colon), {}};
  for (const auto& range : split(text.substr(colon + 1), ',')) {
    const auto dash = range.find('-');
    copy.code.ranges.push_back(
        {offset_of(range.substr(0, dash)), offset_of(range.substr(dash + 1))});
  }
  return copy;
}

std::ifstream open_fixture(const char* name) {
  std::ifstream file(std::filesystem::path(GOMAPD_SOURCE_FOLDER) / "tests/unit/probes/code" / name);
  EXPECT_TRUE(file) << name;
  return file;
}

std::vector<GuidedBody> bodies_of(const Fixture& fixture) {
  std::vector<GuidedBody> all;
  auto file = open_fixture(fixture.bodies);
  std::string toolchain, profile, function, entry, never, preserves, copies, hex;
  while (file >> toolchain >> profile >> function >> entry >> never >> preserves >> copies >> hex) {
    GuidedBody body{.machine = fixture.machine,
                    .name = toolchain + " " + profile + " " + function,
                    .entry = std::stoull(entry, nullptr, 16),
                    .never_return = addresses(never),
                    .preserve = addresses(preserves),
                    .copies = {},
                    .bytes = from_hex(hex)};
    for (const auto& copy : split(copies, '|')) body.copies.push_back(copy_of(copy));
    all.push_back(std::move(body));
  }
  return all;
}

std::vector<GuidedBody> bodies() {
  std::vector<GuidedBody> all;
  for (const auto& fixture : kFixtures)
    std::ranges::move(bodies_of(fixture), std::back_inserter(all));
  return all;
}

bool contains(const std::vector<elf::Vaddr>& all, elf::Vaddr one) {
  return std::ranges::find(all, one) != all.end();
}

Result<FunctionCode> decode(const GuidedBody& body) {
  return FunctionCode::decode(body.bytes, body.entry, body.machine, [&](elf::Vaddr address) {
    return contains(body.never_return, address);
  });
}

std::string describe(const GuidedBody& body, const Result<std::vector<Site>>& sites) {
  if (!sites) return "; " + sites.error().context;
  std::string text;
  for (const auto& site : *sites)
    text += "; " + describe_site(body.bytes, site, body.machine) +
            " t=" + describe_location(site.type) + " h=" + describe_location(site.hmap);
  return text;
}

Result<std::vector<Site>> done_sites(const GuidedBody& body, const FunctionCode& code) {
  auto sites = TRY(code.evacuation_done_sites(body.copies_of("runtime.advanceEvacuationMark")));
  for (auto& site : sites)
    site.type = code.find_argument(code.argument(0), site.instruction, [&](elf::Vaddr address) {
      return contains(body.preserve, address);
    });
  return sites;
}

Result<std::vector<Site>> sites_of(const GuidedBody& body, const FunctionCode& code,
                                   const Copy& copy) {
  if (copy.callee == "runtime.advanceEvacuationMark") return done_sites(body, code);
  if (copy.callee != "runtime.hashGrow") return std::vector{TRY(code.inlined_end_site(copy.code))};
  return std::vector{TRY(code.inlined_start_site(
      copy.code, [&](elf::Vaddr address) { return contains(body.preserve, address); }))};
}

class GoInlinedSitesOf : public testing::TestWithParam<Fixture> {};

TEST_P(GoInlinedSitesOf, AreThoseOfTheDisassembly) {
  std::vector<std::string> found;
  for (const auto& body : bodies_of(GetParam())) {
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    for (const auto& copy : body.copies)
      found.push_back(body.name + " " + copy.callee + describe(body, sites_of(body, *code, copy)));
  }
  std::vector<std::string> expected;
  auto file = open_fixture(GetParam().sites);
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) expected.push_back(line);
  EXPECT_EQ(found, expected);
}

INSTANTIATE_TEST_SUITE_P(Machines, GoInlinedSitesOf, testing::ValuesIn(kFixtures),
                         [](const auto& fixture) {
                           return std::string(
                               fixture.param.machine == elf::Machine::kAmd64 ? "Amd64" : "Arm64");
                         });

TEST(GoInlinedSites, AreAllEmulatedAndInsideTheirFrame) {
  for (const auto& body : bodies()) {
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    for (const auto& copy : body.copies) {
      const auto sites = sites_of(body, *code, copy);
      ASSERT_TRUE(sites) << body.name;
      for (const auto& site : *sites) {
        EXPECT_TRUE(site.instruction.emulated) << body.name;
        EXPECT_TRUE(site.frame_linked) << body.name;
      }
    }
  }
}

// Where both grow and split are inlined into rehash, it runs one of the two.
TEST(GoInlinedSites, OfATableTogetherTellEachRehashOnce) {
  for (const auto& body : bodies()) {
    if (!body.name.ends_with("rehash") || body.copies.size() != 2) continue;
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    std::vector<Offset> ends;
    for (const auto& copy : body.copies)
      ends.push_back(code->inlined_end_site(copy.code).value().instruction.offset);
    EXPECT_TRUE(code->runs_one_of(ends, {})) << body.name;
    ends.pop_back();
    EXPECT_FALSE(code->runs_one_of(ends, {})) << body.name;
  }
}

TEST(GoInlinedSites, AreRefusedWhereACopyIsMissing) {
  for (const auto& body : bodies()) {
    if (body.copies.front().callee != "runtime.advanceEvacuationMark") continue;
    const auto code = decode(body);
    ASSERT_TRUE(code) << body.name;
    EXPECT_FALSE(code->evacuation_done_sites({})) << body.name;
  }
}

}  // namespace
}  // namespace gomapd::code
