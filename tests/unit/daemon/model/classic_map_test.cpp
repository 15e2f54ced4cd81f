// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// By hand; tests/model compares with the runtimes.
#include "daemon/model/classic_map.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

constexpr SlotShape kShape{.unit_bytes = 144, .scan = Scan::kNoPointers, .version = {23, 5}};

void fill(ClassicMap& go_map, std::uint64_t from, std::uint64_t to) {
  for (auto key = from; key < to; ++key) go_map.assign(key, key);
}

TEST(ClassicMap, AllocatesItsOnlyBucketLate) {
  ClassicMap go_map(0, kShape);
  EXPECT_EQ(go_map.assign(1, 1).bucket_bytes, 144U);
  EXPECT_EQ(go_map.assign(2, 2).bucket_bytes, 0U);
}

TEST(ClassicMap, MovesOneBucketToTwoInTheOperationThatDoublesIt) {
  ClassicMap go_map(0, kShape);
  fill(go_map, 0, 8);
  const auto step = go_map.assign(8, 8);
  ASSERT_TRUE(step.growth);
  EXPECT_EQ(step.growth->kind, classic::Growth::kDouble);
  EXPECT_EQ(step.finished, 1U);
  EXPECT_EQ(go_map.b(), 1U);
}

TEST(ClassicMap, MovesTwoBucketsWithEachWrite) {
  ClassicMap go_map(0, kShape);
  fill(go_map, 0, 52);
  EXPECT_EQ(go_map.b(), 3U);
  go_map.assign(52, 7);  // bucket 7, and the first
  EXPECT_EQ(go_map.b(), 4U);
  EXPECT_EQ(go_map.evacuation_mark(), 1U);
  go_map.erase(1000, 0b0111);  // moved already: only the second
  EXPECT_EQ(go_map.evacuation_mark(), 2U);
  go_map.erase(1000, 3);  // 3, then 2 and the mark passes both
  EXPECT_EQ(go_map.evacuation_mark(), 4U);
}

TEST(ClassicMap, KeepsItsBInAGrowthOfTheSameSize) {
  ClassicMap go_map(50, kShape);
  ASSERT_EQ(go_map.b(), 3U);
  // Nine keys in a bucket give it an overflow bucket, which outlives them.
  std::uint64_t bucket = 0;
  while (go_map.noverflow() < 8) {
    for (std::uint64_t key = 0; key < 9; ++key) go_map.assign(1000 * bucket + key, bucket);
    for (std::uint64_t key = 0; key < 9; ++key) go_map.erase(1000 * bucket + key, bucket);
    ++bucket;
  }
  const auto step = go_map.assign(99999, 5);
  ASSERT_TRUE(step.growth);
  EXPECT_EQ(step.growth->kind, classic::Growth::kSameSize);
  EXPECT_EQ(go_map.b(), 3U);
  EXPECT_TRUE(go_map.is_same_size());
  EXPECT_EQ(go_map.noverflow(), 0U);
}

TEST(ClassicMap, GivesUpAGrowthWhenItIsCleared) {
  ClassicMap go_map(0, kShape);
  fill(go_map, 0, 53);
  ASSERT_TRUE(go_map.is_growing());
  EXPECT_TRUE(go_map.clear().dropped);
  EXPECT_FALSE(go_map.is_growing());
  EXPECT_EQ(go_map.b(), 4U);
  EXPECT_EQ(go_map.evacuation_mark(), 0U);
}

// mapclear looks at the count alone.
TEST(ClassicMap, GoesOnGrowingWhenItIsClearedWithoutKeys) {
  ClassicMap go_map(0, kShape);
  for (std::uint64_t key = 0; key < 53; ++key) go_map.assign(key, 0);
  ASSERT_TRUE(go_map.is_growing());
  for (std::uint64_t key = 0; key < 53; ++key) go_map.erase(key, 0);
  ASSERT_EQ(go_map.keys(), 0U);
  const bool was_growing = go_map.is_growing();
  EXPECT_FALSE(go_map.clear().dropped);
  EXPECT_EQ(go_map.is_growing(), was_growing);
}

}  // namespace
}  // namespace gomapd::model
