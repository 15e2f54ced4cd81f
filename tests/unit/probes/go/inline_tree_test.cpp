// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include "probes/go/pclntab.h"
#include "tests/support/pclntab_builder.h"

namespace gomapd::go {
namespace {

using test::FunctionSpec;
using test::GoRelease;
using test::kTextAddress;

// mapassign, into which hashGrow was inlined, into which overLoadFactor was:
//   [0, 8) mapassign, [8, 16) hashGrow, [16, 24) overLoadFactor within it,
//   [24, 32) hashGrow, [32, 40) mapassign, [40, 48) hashGrow, [48, 64) mapassign
FunctionSpec mapassign() {
  return {.name = "runtime.mapassign",
          .size = 64,
          .lines = {{4, 100}, {8, 101}, {10, 200}, {16, 201}, {24, 300}, {64, 102}},
          .inline_indexes = {{8, -1}, {16, 0}, {24, 1}, {32, 0}, {40, -1}, {48, 0}, {64, -1}},
          .inline_tree = {{"runtime.hashGrow", 4}, {"runtime.overLoadFactor", 12}}};
}

class InlineTree : public testing::TestWithParam<GoRelease> {
 protected:
  Pclntab table(const FunctionSpec& function) {
    file_ = test::go_image({.release = GetParam(),
                            .functions = {{"runtime.other", 32, {{32, 1}}}, function},
                            .pointers_in_relocations = false})
                .build();
    const auto image = elf::Image::parse(file_);
    auto found = Pclntab::find(*image);
    EXPECT_TRUE(found) << found.error().context;
    return *std::move(found);
  }

  std::vector<std::byte> file_;
};

constexpr elf::Vaddr kEntry = kTextAddress + 32;

std::string describe(const std::vector<SourceFrame>& frames) {
  std::string text;
  for (const auto& frame : frames)
    text += std::string(frame.function) + ":" + std::to_string(frame.line) +
            (frame.inlined ? " < " : "");
  return text;
}

std::string describe(const std::vector<InlinedRange>& ranges) {
  std::string text;
  for (const auto& range : ranges)
    text += std::to_string(range.begin - kEntry) + "-" + std::to_string(range.end - kEntry) + " ";
  return text;
}

// Whatever number this release has for wrappers: that of runtime.deferreturn.
TEST_P(InlineTree, TellsWrappersApart) {
  file_ = test::go_image({.release = GetParam(),
                          .functions = {{.name = "runtime.deferreturn", .func_id = 77},
                                        {.name = "main.T.f-fm", .func_id = 77},
                                        {.name = "main.main",
                                         .inline_indexes = {{8, 0}, {16, 1}},
                                         .inline_tree = {{"main.T.g-fm", 0, 77}, {"main.g", 0}},
                                         .func_id = 21}}})
              .build();
  const auto found = Pclntab::find(*elf::Image::parse(file_));
  ASSERT_TRUE(found) << found.error().context;
  EXPECT_TRUE(found->frames_at(kTextAddress + 16).front().wrapper);
  const auto inlined = found->frames_at(kTextAddress + 32);
  ASSERT_EQ(inlined.size(), 2U);
  EXPECT_TRUE(inlined[0].wrapper);
  EXPECT_FALSE(inlined[1].wrapper);
  EXPECT_FALSE(found->frames_at(kTextAddress + 40).front().wrapper);
}

TEST_P(InlineTree, GivesTheFramesOfEachLevel) {
  const auto found = table(mapassign());
  EXPECT_EQ(describe(found.frames_at(kEntry)), "runtime.mapassign:100");
  EXPECT_EQ(describe(found.frames_at(kEntry + 8)), "runtime.hashGrow:200 < runtime.mapassign:101");
  EXPECT_EQ(describe(found.frames_at(kEntry + 16)),
            "runtime.overLoadFactor:300 < runtime.hashGrow:201 < runtime.mapassign:101");
  EXPECT_EQ(describe(found.frames_at(kEntry + 63)), "runtime.mapassign:102");
}

TEST_P(InlineTree, GivesTheRangesOfACallWithItsChildren) {
  const auto found = table(mapassign());
  const auto ranges =
      found.inlined_in(found.function(1), [](auto name) { return name == "runtime.hashGrow"; });
  EXPECT_EQ(describe(ranges), "8-32 40-48 ");
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].callee, "runtime.hashGrow");
  EXPECT_EQ(ranges[0].caller.name, "runtime.mapassign");
  EXPECT_EQ(ranges[0].tree_index, 0);
  EXPECT_EQ(ranges[1].tree_index, 0);
}

TEST_P(InlineTree, GivesTheRangesOfAChildAlone) {
  const auto found = table(mapassign());
  const auto ranges = found.inlined_in(found.function(1),
                                       [](auto name) { return name == "runtime.overLoadFactor"; });
  EXPECT_EQ(describe(ranges), "16-24 ");
}

TEST_P(InlineTree, IsEmptyWhereNothingWasInlined) {
  const auto found = table(mapassign());
  EXPECT_TRUE(found.inlined_in(found.function(0), [](auto) { return true; }).empty());
}

TEST_P(InlineTree, EndsWhereCallsAreTheirOwnParents) {
  // The compiler writes such trees for statically evaluated init functions.
  auto function = mapassign();
  function.inline_tree[0].parent_pc = 8;
  const auto found = table(function);
  EXPECT_EQ(describe(found.frames_at(kEntry + 8)), "runtime.hashGrow:200 < runtime.mapassign:200");
  const auto ranges = found.inlined_in(found.function(1), [](auto) { return true; });
  EXPECT_EQ(describe(ranges), "8-32 16-24 40-48 ");
}

TEST_P(InlineTree, EndsInRings) {
  auto function = mapassign();
  function.inline_tree[0].parent_pc = 16;
  const auto found = table(function);
  EXPECT_EQ(found.frames_at(kEntry + 16).size(), 3U);
  EXPECT_LE(found.inlined_in(found.function(1), [](auto) { return true; }).size(), 4U);
}

TEST_P(InlineTree, StopsAtParentsOutsideTheFunction) {
  auto function = mapassign();
  function.inline_tree[0].parent_pc = 64;
  EXPECT_EQ(describe(table(function).frames_at(kEntry + 8)), "runtime.mapassign:200");
}

TEST_P(InlineTree, StopsAtIndexesOutsideTheTree) {
  auto function = mapassign();
  function.inline_indexes = {{8, 1 << 20}, {64, 1 << 19}};
  const auto found = table(function);
  EXPECT_EQ(found.frames_at(kEntry).size(), 1U);
  EXPECT_EQ(found.frames_at(kEntry + 8).size(), 1U);
  EXPECT_TRUE(found.inlined_in(found.function(1), [](auto) { return true; }).empty());
}

INSTANTIATE_TEST_SUITE_P(Releases, InlineTree,
                         testing::Values(GoRelease::k115, GoRelease::k116, GoRelease::k118,
                                         GoRelease::k120, GoRelease::k126, GoRelease::k127));

}  // namespace
}  // namespace gomapd::go
