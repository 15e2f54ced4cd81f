// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/life.h"

#include <gtest/gtest.h>

#include <vector>

namespace gomapd::model {
namespace {

constexpr std::uint64_t kAddress = 0xc000012340;

class Life : public testing::Test {
 protected:
  // A growth of a map with this seed, from 2^old_log2.
  GrowthEvent event(gm_record_kind what, gm_kind kind, unsigned old_log2, std::uint64_t keys,
                    std::uint64_t seed = 1) const {
    GrowthEvent event;
    event.what = what;
    event.pid = 41;
    event.address = kAddress;
    event.identity = seed * 1000 + kAddress;
    event.kind = kind;
    event.design = kind >= GM_KIND_TO_TABLE ? go::Design::kSwiss : go::Design::kClassic;
    event.keys = keys;
    event.type = &type_;
    event.stack = &stack_;
    event.sizes = growth_sizes(kind, old_log2, type_.shape);
    return event;
  }
  Decision decision(gm_kind kind, unsigned old_log2, std::uint64_t keys,
                    std::uint64_t overflow = 0) const {
    auto started = event(GM_RECORD_STARTED, kind, old_log2, keys);
    started.overflow_buckets = overflow;
    return decision_of(started);
  }
  LifeStep add(const GrowthEvent& event) { return lives_.add(event).value_or(LifeStep{}); }
  // How many of the moves of a growth from so many buckets are worth a line.
  std::size_t milestones(unsigned old_log2, bool began_before) {
    std::size_t count = 0;
    for (std::uint64_t moved = 1; moved <= std::uint64_t{1} << old_log2; ++moved) {
      auto evacuated = event(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, old_log2, 0);
      evacuated.evacuated = began_before ? 0 : moved;
      count += add(evacuated).is_milestone ? 1 : 0;
    }
    return count;
  }

  TypeInfo type_{"map[int]int", {144, Scan::kNoPointers, go::Version{23, 0}}};
  Stack stack_;
  Lives lives_;
};

TEST_F(Life, DecidesByTheLoadFactor) {
  const auto one = decision(GM_KIND_DOUBLE, 2, 26);
  EXPECT_EQ(one.condition, Condition::kOverLoadFactor);
  EXPECT_EQ(one.value, 27U);
  EXPECT_EQ(one.limit, 26U);
  EXPECT_EQ(one.b, 2U);
  EXPECT_EQ(one.keys_per_bucket, 6.5);
  EXPECT_EQ(decision(GM_KIND_DOUBLE, 0, 8).limit, 8U);
}

TEST_F(Life, KnowsTheLowerLoadFactorOfGo121) {
  type_.shape.version = {21, 3};
  const auto one = decision(GM_KIND_DOUBLE, 2, 24);
  EXPECT_EQ(one.limit, 24U);
  EXPECT_EQ(one.keys_per_bucket, 6);
}

TEST_F(Life, DecidesByOverflowBuckets) {
  const auto one = decision(GM_KIND_SAME_SIZE, 4, 90, 17);
  EXPECT_EQ(one.condition, Condition::kTooManyOverflowBuckets);
  EXPECT_EQ(one.value, 17U);
  EXPECT_EQ(one.limit, 16U);
  // 2^min(B, 15)
  EXPECT_EQ(decision(GM_KIND_SAME_SIZE, 20, 90, 32'768).limit, 32'768U);
}

TEST_F(Life, DecidesByTheSmallMapsSlots) {
  const auto one = decision(GM_KIND_TO_TABLE, 3, 8);
  EXPECT_EQ(one.condition, Condition::kSmallMapFull);
  EXPECT_EQ(one.value, 8U);
  EXPECT_EQ(one.limit, 8U);
}

TEST_F(Life, DecidesByWhatATableHasLeft) {
  const auto one = decision(GM_KIND_TABLE_DOUBLE, 6, 40);
  EXPECT_EQ(one.condition, Condition::kNoGrowthLeft);
  EXPECT_EQ(one.value, 56U);
  EXPECT_EQ(one.limit, 56U);
  EXPECT_EQ(one.tombstones, 16U);
  EXPECT_EQ(decision(GM_KIND_SPLIT, 10, 896).tombstones, 0U);
}

TEST_F(Life, EndsAClassicGrowthWithTheKeysOfItsEnd) {
  add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 2, 26));
  const auto step = add(event(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 2, 28));
  ASSERT_TRUE(step.grown);
  EXPECT_EQ(step.grown->keys, 28U);
  EXPECT_EQ(step.grown->load_factor, 3.5);
  EXPECT_FALSE(step.decision);
}

TEST_F(Life, EndsASwissGrowthWithTheKeysOfItsStart) {
  add(event(GM_RECORD_STARTED, GM_KIND_TABLE_DOUBLE, 4, 14));
  const auto step = add(event(GM_RECORD_FINISHED, GM_KIND_TABLE_DOUBLE, 4, 0));
  ASSERT_TRUE(step.grown);
  EXPECT_EQ(step.grown->keys, 14U);
  EXPECT_EQ(step.grown->load_factor, 14.0 / 32);
  // One whose start was not seen.
  EXPECT_FALSE(add(event(GM_RECORD_FINISHED, GM_KIND_TABLE_DOUBLE, 5, 0)).grown);
}

TEST_F(Life, TellsSixteenMilestonesOfAnyGrowthAndEachBucketOfASmallOne) {
  for (const unsigned b : {0U, 1U, 4U}) EXPECT_EQ(milestones(b, false), 1U << b);
  for (const unsigned b : {5U, 11U, 16U}) EXPECT_EQ(milestones(b, false), 16U) << b;
}

TEST_F(Life, TellsTheFirstMoveOfAGrowthThatBeganBefore) {
  EXPECT_EQ(milestones(10, true), 17U);
}

TEST_F(Life, RemembersWhatHasNotEnded) {
  add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 6, 416));
  auto moved = event(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 6, 0);
  moved.evacuated = 5;
  EXPECT_EQ(add(moved).moved, 5U);
  std::vector<Lives::Open> open;
  lives_.for_each_open([&](const Lives::Open& one) { open.push_back(one); });
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].started.keys, 416U);
  EXPECT_EQ(open[0].moved, 5U);
  add(event(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 6, 430));
  lives_.for_each_open([](const Lives::Open&) { FAIL(); });
}

TEST_F(Life, NoticesAnotherMapAtTheAddress) {
  EXPECT_FALSE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8, 1)).another_map);
  EXPECT_FALSE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 1, 13, 1)).another_map);
  const auto step = add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8, 2));
  EXPECT_TRUE(step.another_map);
  EXPECT_TRUE(step.end_missing);  // nor had the one before ended
  EXPECT_FALSE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 1, 13, 2)).another_map);
}

TEST_F(Life, NoticesAGrowthThatWasGivenUp) {
  EXPECT_FALSE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 4, 104)).end_missing);
  EXPECT_TRUE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 4, 104)).end_missing);
  add(event(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 4, 104));
  EXPECT_FALSE(add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 5, 208)).end_missing);
}

TEST_F(Life, FollowsTheAddressesAskedForAlone) {
  lives_ = Lives({kAddress, 0xc0000aaaa0});
  EXPECT_TRUE(lives_.add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8)));
  auto other = event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8);
  other.address += 48;
  EXPECT_FALSE(lives_.add(other));
  EXPECT_TRUE(lives_.follows(kAddress));
  EXPECT_FALSE(lives_.follows(other.address));
  EXPECT_EQ(lives_.unseen(), (std::set<std::uint64_t>{0xc0000aaaa0}));
}

TEST_F(Life, FollowsAMapThatMovesWithItsStack) {
  lives_ = Lives({kAddress});
  auto one = event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 5, 208);
  one.on_goroutine_stack = true;
  EXPECT_TRUE(lives_.add(one));
  one.what = GM_RECORD_FINISHED;
  one.address += 0x10000;
  const auto step = lives_.add(one);
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->grown);
  lives_.for_each_open([](const Lives::Open&) { FAIL(); });
  one.identity += 1;  // another one there
  EXPECT_FALSE(lives_.add(one));
}

TEST_F(Life, OfTwoProcessesIsTwoLives) {
  add(event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 4, 104));
  auto other = event(GM_RECORD_STARTED, GM_KIND_DOUBLE, 4, 104, 7);
  other.pid = 42;
  const auto step = add(other);
  EXPECT_FALSE(step.another_map);
  EXPECT_FALSE(step.end_missing);
}

}  // namespace
}  // namespace gomapd::model
