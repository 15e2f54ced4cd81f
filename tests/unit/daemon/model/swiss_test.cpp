// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/swiss.h"

#include <gtest/gtest.h>

#include "daemon/model/swiss_map.h"

namespace gomapd::model {
namespace {

constexpr go::Version kGo124{24, 4};
constexpr go::Version kGo125{25, 12};
constexpr go::Version kGo126{26, 11};
constexpr go::Version kGo127{27, 4};

SlotShape group(go::Version version) {
  return {.unit_bytes = 136, .scan = Scan::kNoPointers, .version = version};
}

TEST(Swiss, MakesTheTablesThatWereSeenLive) {
  struct Case {
    std::uint64_t hint, tables, slots;
  };
  for (const auto& [hint, tables, slots] :
       {Case{0, 0, 0}, Case{8, 0, 0}, Case{9, 1, 16}, Case{14, 1, 16}, Case{15, 1, 32},
        Case{100, 1, 128}, Case{896, 1, 1024}, Case{897, 2, 512}, Case{1000, 2, 1024},
        Case{1792, 2, 1024}, Case{1793, 4, 512}, Case{5000, 8, 1024}}) {
    const auto made = swiss::directory_for_hint(hint, group(kGo126));
    EXPECT_EQ(made.tables, tables) << hint;
    EXPECT_EQ(made.table_slots, slots) << hint;
  }
}

TEST(Swiss, IgnoresHintsThatNoAddressSpaceHolds) {
  EXPECT_EQ(swiss::directory_for_hint(UINT64_MAX, group(kGo126)).tables, 0U);
  EXPECT_EQ(swiss::directory_for_hint(std::uint64_t{1} << 40U, group(kGo126)).tables, 0U);
}

TEST(Swiss, LeavesAnEighthOfATableEmpty) {
  EXPECT_EQ(swiss::max_growth_left(8), 7U);
  EXPECT_EQ(swiss::max_growth_left(16), 14U);
  EXPECT_EQ(swiss::max_growth_left(1024), 896U);
}

TEST(Swiss, DoublesUpTo1024SlotsAndSplitsThen) {
  EXPECT_EQ(swiss::rehash(512), swiss::Growth::kTableDouble);
  EXPECT_EQ(swiss::rehash(1024), swiss::Growth::kSplit);
}

TEST(Swiss, PrunesByVersionAndFunction) {
  using swiss::Assign;
  EXPECT_FALSE(swiss::prunes_tombstones(kGo124, Assign::kFast));
  EXPECT_TRUE(swiss::prunes_tombstones(kGo125, Assign::kFast));
  EXPECT_FALSE(swiss::prunes_tombstones(kGo126, Assign::kFastPointer));
  EXPECT_TRUE(swiss::prunes_tombstones(kGo127, Assign::kFastPointer));
  EXPECT_FALSE(swiss::prunes_tombstones(kGo127, Assign::kGeneric));
}

TEST(SwissMap, GrowsOnAnUpdateOfAFullSmallMapUntilGo126) {
  for (const auto& version : {kGo124, kGo126, kGo127}) {
    SwissMap go_map(0, group(version));
    for (std::uint64_t key = 0; key < 8; ++key) go_map.assign(key, key);
    const auto step = go_map.assign(3, 3);
    EXPECT_EQ(step.growths.size(), version == kGo127 ? 0U : 1U);
    EXPECT_EQ(go_map.keys(), 8U);
  }
}

TEST(SwissMap, SplitsByTheHighestBitAndDoublesItsDirectory) {
  SwissMap go_map(0, group(kGo127));
  SwissMap::Step last;
  for (std::uint64_t key = 0; key < 897; ++key)
    last = go_map.assign(key, key * 0x9e3779b97f4a7c15ULL);
  ASSERT_EQ(last.growths.size(), 1U);
  EXPECT_EQ(last.growths[0].kind, SwissMap::Kind::kSplit);
  EXPECT_EQ(last.growths[0].keys, 896U);
  EXPECT_TRUE(last.growths[0].directory_grew);
  EXPECT_EQ(go_map.directory_length(), 2U);
  EXPECT_EQ(go_map.table(0).keys() + go_map.table(1).keys(), 897U);
}

TEST(SwissMap, SplitsAgainWhenAllKeysGoToOneHalf) {
  SwissMap go_map(0, group(kGo127));
  SwissMap::Step last;
  for (std::uint64_t key = 0; key < 897; ++key) last = go_map.assign(key, key << 51U);
  // No hash has one of its three highest bits set.
  EXPECT_EQ(last.growths.size(), 4U);
  EXPECT_EQ(go_map.directory_length(), 16U);
}

TEST(SwissMap, LeavesATombstoneOnlyInAFullGroup) {
  SwissMap go_map(14, group(kGo127));
  for (std::uint64_t key = 0; key < 8; ++key) go_map.assign(key, 0);  // fills group 0
  go_map.erase(0, 0);
  EXPECT_EQ(go_map.table(0).tombstones(), 1U);
  go_map.assign(100, 1U << 7U);  // group 1
  go_map.erase(100, 1U << 7U);
  EXPECT_EQ(go_map.table(0).tombstones(), 1U);
  go_map.assign(101, 0);  // takes the tombstone's place
  EXPECT_EQ(go_map.table(0).tombstones(), 0U);
}

// Clearing an empty map was no work in Go 1.24, so tombstones stayed.
TEST(SwissMap, ClearsTombstonesOfAnEmptyMapSinceGo125) {
  for (const auto& version : {kGo124, kGo125}) {
    SwissMap go_map(14, group(version));
    for (std::uint64_t key = 0; key < 8; ++key) go_map.assign(key, 0);
    for (std::uint64_t key = 0; key < 8; ++key) go_map.erase(key, 0);
    EXPECT_EQ(go_map.table(0).tombstones(), 8U);
    go_map.clear();
    EXPECT_EQ(go_map.table(0).tombstones(), version == kGo124 ? 8U : 0U);
  }
}

}  // namespace
}  // namespace gomapd::model
