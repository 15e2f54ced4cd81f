// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "daemon/model/splits.h"

namespace gomapd::model {
namespace {

MapShape classic(int minor) {
  return {.version = {minor, 0}, .design = go::Design::kClassic, .key = {}, .elem = {}};
}
MapShape swiss(int minor) {
  return {.version = {minor, 0}, .design = go::Design::kSwiss, .key = {}, .elem = {}};
}

std::vector<std::uint64_t> keys_of(const Plan& plan) {
  std::vector<std::uint64_t> keys;
  for (const auto& growth : plan.growths) keys.push_back(growth.keys);
  return keys;
}

TEST(Plan, ListsTheDoublingsOfInserts) {
  EXPECT_EQ(keys_of(plan_inserts(classic(23), 417)),
            (std::vector<std::uint64_t>{8, 13, 26, 52, 104, 208, 416}));
  EXPECT_EQ(keys_of(plan_inserts(classic(21), 97)),
            (std::vector<std::uint64_t>{8, 12, 24, 48, 96}));
  EXPECT_EQ(keys_of(plan_inserts(swiss(26), 449)),
            (std::vector<std::uint64_t>{8, 14, 28, 56, 112, 224, 448}));
}

TEST(Plan, SumsUpWhatIsAllocatedAndThrownAway) {
  const auto plan = plan_inserts(classic(23), 30);
  EXPECT_EQ(plan.b, 3U);
  EXPECT_EQ(plan.bytes, 1152U);
  EXPECT_EQ(plan.total_bytes, 144U + 288 + 576 + 1152);
  EXPECT_EQ(plan.discarded_bytes, 144U + 288 + 576);
  EXPECT_FALSE(plan.estimated);
}

TEST(Plan, AllocatesNothingBeforeTheFirstKey) {
  for (const auto& plan : {plan_hint(classic(23), 8), plan_hint(swiss(26), 8),
                           plan_inserts(classic(23), 0), plan_inserts(swiss(26), 0)}) {
    EXPECT_TRUE(plan.is_lazy);
    EXPECT_EQ(plan.bytes, 0U);
    EXPECT_EQ(plan.total_bytes, 0U);
    EXPECT_EQ(plan.slots, 8U);
    EXPECT_EQ(plan.next_growth_keys, 8U);
  }
}

TEST(Plan, IsExactUpToTheFirstSplitAndEstimatedFromThere) {
  EXPECT_FALSE(plan_inserts(swiss(26), 896).estimated);
  const auto plan = plan_inserts(swiss(26), 897);
  EXPECT_TRUE(plan.estimated);
  EXPECT_EQ(plan.growths.back().kind, GM_KIND_SPLIT);
  EXPECT_EQ(plan.growths.back().keys, 896U);
  EXPECT_FALSE(plan.growths.back().estimated);
  EXPECT_EQ(plan.tables, 2U);
  EXPECT_TRUE(plan_inserts(swiss(26), 5000).growths.back().estimated);
}

// A hint is for the average table: with 897 two of 512 slots share 897 keys.
TEST(Plan, ExpectsAHintOfSeveralTablesNotToLast) {
  const auto plan = plan_hint(swiss(26), 897);
  EXPECT_TRUE(plan.next_growth_estimated);
  ASSERT_TRUE(plan.next_growth_keys);
  EXPECT_LT(*plan.next_growth_keys, 897U);
  EXPECT_GT(*plan.next_growth_keys, 800U);
  EXPECT_EQ(plan_hint(swiss(26), 896).next_growth_keys, 896U);
}

TEST(Plan, AnswersTheLargestQuestionsAtOnce) {
  EXPECT_EQ(plan_inserts(classic(23), kMaxPlannedKeys).b, 38U);
  EXPECT_EQ(plan_hint(classic(23), kMaxPlannedKeys).b, 38U);
  const auto plan = plan_inserts(swiss(27), kMaxPlannedKeys);
  EXPECT_LT(plan.growths.size(), 64U);
  EXPECT_GT(plan.slots, kMaxPlannedKeys);
  EXPECT_LT(plan.slots, 3 * kMaxPlannedKeys);
}

// Both ways to count splits agree where both can be taken.
TEST(Splits, AreAsManyAsExpected) {
  for (const std::uint64_t keys : {10'000, 100'000, 1'000'000}) {
    const auto simulated = simulate_splits(keys).size();
    std::uint64_t expected = 0;
    for (const auto& split : expected_splits(keys)) expected += split.count;
    const auto spread = 3 * std::sqrt(static_cast<double>(expected)) + 2;
    EXPECT_NEAR(static_cast<double>(simulated), static_cast<double>(expected), spread) << keys;
  }
}

TEST(Splits, ExpectNoOverflowBucketsInAnEmptyMap) {
  EXPECT_EQ(expected_overflow_buckets(0, 16), 0U);
  // One in five buckets of a map that is about to double.
  EXPECT_NEAR(static_cast<double>(expected_overflow_buckets(6'500'000, 1'000'000)), 208'000.0,
              3000);
}

}  // namespace
}  // namespace gomapd::model
