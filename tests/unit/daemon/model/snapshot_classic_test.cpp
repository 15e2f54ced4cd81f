// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include <random>

#include "daemon/model/picture.h"
#include "daemon/model/snapshot.h"
#include "tests/unit/daemon/model/fake_memory.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kHmap = 0x1000;
constexpr std::uint64_t kBuckets = 0x10000;
constexpr std::uint64_t kOld = 0x20000;
constexpr std::uint64_t kOverflow = 0x30000;
constexpr std::uint64_t kUnit = 144;  // map[uint64]int
constexpr std::uint32_t kSeed = 0xfeedbeef;

// go1.23 runtime/map.go: type hmap
struct Hmap {
  std::uint64_t count = 0;
  std::uint8_t flags = 0;
  std::uint8_t b = 0;
  std::uint16_t noverflow = 0;
  std::uint32_t hash0 = kSeed;
  std::uint64_t buckets = kBuckets;
  std::uint64_t oldbuckets = 0;
  std::uint64_t nevacuate = 0;
};

// Four buckets of 3, 8 + 2 in an overflow bucket, 0 and 1 keys.
class SnapshotClassic : public testing::Test {
 protected:
  SnapshotClassic() {
    memory_.allocate(kHmap, sizeof(Hmap));
    memory_.allocate(kBuckets, 4 * kUnit);
    memory_.allocate(kOverflow, kUnit);
    memory_.put(kBuckets, std::uint64_t{0x302010});
    memory_.put(kBuckets + kUnit, std::uint64_t{0x8070605040302010});
    memory_.put(kBuckets + 2 * kUnit - 8, kOverflow);
    memory_.put(kOverflow, std::uint64_t{0x0606});
    memory_.put(kBuckets + 3 * kUnit, std::uint64_t{0xff01});
    hmap_ = {.count = 14, .b = 2, .noverflow = 1};
    place_ = {.address = kHmap,
              .seed = kSeed,
              .design = go::Design::kClassic,
              .shape = {.unit_bytes = kUnit, .scan = Scan::kNoPointers, .version = {}}};
    place_.shape.version.minor = 23;
  }

  Snapshot attempt() {
    memory_.put(kHmap, hmap_);
    return read_classic(place_, memory_.reader(), limits_);
  }
  Snapshot take() {
    memory_.put(kHmap, hmap_);
    return take_snapshot(place_, memory_.reader(), limits_, [this](unsigned) { ++pauses_; });
  }

  FakeMemory memory_;
  Hmap hmap_;
  GoMapPlace place_;
  SnapshotLimits limits_;
  unsigned pauses_ = 0;
};

TEST_F(SnapshotClassic, TellsKeysSizeAndChains) {
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.keys, 14U);
  EXPECT_EQ(snapshot.state.classic.b, 2U);
  EXPECT_EQ(snapshot.state.load_factor, 3.5);
  EXPECT_EQ(snapshot.state.classic.overflow_buckets, 1U);
  EXPECT_EQ(snapshot.state.classic.overflow_chains, (std::vector<std::uint64_t>{3, 1}));
  EXPECT_EQ(snapshot.state.bytes, 576U + 144U);
}

TEST_F(SnapshotClassic, TellsHowManyOldBucketsHaveMoved) {
  memory_.allocate(kOld, 2 * kUnit);
  memory_.put(kOld, std::uint8_t{2});
  memory_.put(kOld + kUnit, std::uint64_t{0x11});
  hmap_.oldbuckets = kOld;
  hmap_.nevacuate = 1;
  hmap_.count = 15;
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.classic.old_buckets, 2U);
  EXPECT_EQ(snapshot.state.classic.evacuated_buckets, 1U);
  EXPECT_FALSE(snapshot.state.classic.is_same_size);
}

TEST_F(SnapshotClassic, ReadsAMapWithoutBuckets) {
  hmap_ = {.buckets = 0};
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.keys, 0U);
  EXPECT_EQ(snapshot.state.bytes, 0U);
}

TEST_F(SnapshotClassic, IsGoneWithAnotherSeed) {
  hmap_.hash0 = 1;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kGone);
}

TEST_F(SnapshotClassic, IsGoneWithItsMemory) {
  place_.address = 0x500;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kGone);
}

TEST_F(SnapshotClassic, IsNoStateWhileItIsWritten) {
  hmap_.flags = 4;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, IsNoStateWhenALinkComesBetweenThePasses) {
  memory_.allocate(0x40000, kUnit);
  memory_.before_read([&](int number) {
    if (number == 3) memory_.put(kBuckets + kUnit - 8, std::uint64_t{0x40000});
  });
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, IsNoStateWhenTheHeaderChanges) {
  memory_.before_read([&](int number) {
    auto changed = hmap_;
    changed.buckets += 8;
    if (number == 5) memory_.put(kHmap, changed);
  });
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, IsReadAgainUntilItHoldsStill) {
  auto written = hmap_;
  written.flags = 4;
  memory_.before_read([&](int number) { memory_.put(kHmap, number < 20 ? written : hmap_); });
  const auto snapshot = take();
  EXPECT_EQ(snapshot.outcome, SnapshotOutcome::kRead);
  EXPECT_GT(snapshot.retries, 0U);
  EXPECT_EQ(snapshot.retries, pauses_);
}

TEST_F(SnapshotClassic, IsGivenUpAfterSoManyRetries) {
  limits_.max_retries = 7;
  hmap_.flags = 4;
  const auto snapshot = take();
  EXPECT_EQ(snapshot.outcome, SnapshotOutcome::kTorn);
  EXPECT_FALSE(snapshot.reason.empty());
  EXPECT_EQ(snapshot.retries, 7U);
}

TEST_F(SnapshotClassic, AllowsForKeysThatComeMeanwhile) {
  memory_.before_read([&](int number) {
    if (number != 2) return;
    memory_.put(kBuckets + 2 * kUnit, std::uint8_t{0x77});
    ++hmap_.count;
    memory_.put(kHmap, hmap_);
  });
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.keys, 15U);
}

TEST_F(SnapshotClassic, RefusesMoreKeysThanSlotsInUse) {
  hmap_.count = 15;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, RefusesAnotherNumberOfOverflowBuckets) {
  hmap_.noverflow = 2;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, RefusesAChainThatEndsNowhere) {
  memory_.put(kOverflow + kUnit - 8, kOverflow);  // a cycle
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  memory_.put(kOverflow + kUnit - 8, std::uint64_t{0xdead0000});
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  memory_.put(kOverflow + kUnit - 8, kOverflow + 1);
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, RefusesImpossibleHeaders) {
  const auto good = hmap_;
  for (const unsigned b : {3U, 20U, 40U, 48U, 49U, 255U}) {
    hmap_.b = static_cast<std::uint8_t>(b);
    EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn) << b;
  }
  hmap_ = good;
  hmap_.flags = 16;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  hmap_ = good;
  hmap_.oldbuckets = kOverflow;
  hmap_.nevacuate = 3;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  hmap_ = good;
  place_.shape.unit_bytes = 0;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotClassic, RefusesAnArrayCutAnywhere) {
  for (std::uint64_t bytes = 4 * kUnit; bytes-- > 0;) {
    memory_.truncate(kBuckets, bytes);
    ASSERT_EQ(attempt().outcome, SnapshotOutcome::kTorn) << bytes;
  }
}

TEST_F(SnapshotClassic, SurvivesAnyHeader) {
  std::minstd_rand random(1);
  for (int i = 0; i < 2000; ++i) {
    auto hostile = hmap_;
    auto* const bytes = reinterpret_cast<std::uint8_t*>(&hostile);
    for (int n = 0; n < 3; ++n) bytes[random() % sizeof(hostile)] = random() & 0xffU;
    hostile.hash0 = kSeed;
    memory_.put(kHmap, hostile);
    (void)read_classic(place_, memory_.reader(), limits_);
  }
  EXPECT_GT(memory_.reads(), 2000);
}

TEST_F(SnapshotClassic, SamplesALargeArray) {
  constexpr std::uint64_t kCount = 1U << 17U;
  memory_ = {};
  memory_.allocate(kHmap, sizeof(Hmap));
  memory_.allocate(kBuckets, kCount * kUnit);
  constexpr std::uint64_t kFar = 0x10000000;
  memory_.allocate(kFar, kCount / 4 * kUnit);
  for (std::uint64_t i = 0; i < kCount / 4; ++i)
    memory_.put(kBuckets + (4 * i + 1) * kUnit - 8, kFar + i * kUnit);
  limits_.max_array_bytes = kCount * kUnit / 8;
  hmap_ = {.count = 12345, .b = 17, .noverflow = 9};
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.keys, 12345U);
  EXPECT_TRUE(snapshot.state.classic.is_estimate);
  EXPECT_EQ(snapshot.state.classic.overflow_buckets, kCount / 4);
}

TEST_F(SnapshotClassic, HasAPicture) {
  memory_.allocate(kOld, 2 * kUnit);
  memory_.put(kOld, std::uint8_t{2});
  memory_.put(kOld + kUnit, std::uint64_t{0x1111});
  hmap_.oldbuckets = kOld;
  hmap_.nevacuate = 1;
  memory_.put(kHmap, hmap_);
  const auto taken = take_picture(place_, memory_.reader(), limits_);
  ASSERT_EQ(taken.outcome, SnapshotOutcome::kRead);
  EXPECT_EQ(taken.state.keys, 14);
  EXPECT_FALSE(taken.picture.is_blurred);
  const auto& current = taken.picture.current;
  EXPECT_EQ(current.buckets, 4);
  ASSERT_EQ(current.cells.size(), 4);
  EXPECT_EQ(current.cells[0].filled, 3 / 8.0);
  EXPECT_EQ(current.cells[1].filled, 1);
  EXPECT_EQ(current.cells[1].overflow, 1);
  ASSERT_TRUE(taken.picture.old.has_value());
  EXPECT_EQ(taken.picture.old->buckets, 2);
  ASSERT_EQ(taken.picture.old->cells.size(), 2);
  EXPECT_EQ(taken.picture.old->cells[0].moved, 1);
  EXPECT_EQ(taken.picture.old->cells[1].moved, 0);
  EXPECT_EQ(taken.picture.old->cells[1].filled, 2 / 8.0);
}

// Of a map that is written all the time, a snapshot never holds.
TEST_F(SnapshotClassic, HasABlurredPictureWhileItIsWritten) {
  hmap_.flags = 4;
  memory_.put(kHmap, hmap_);
  memory_.before_read([&](int) {
    ++hmap_.count;
    memory_.put(kHmap, hmap_);
  });
  const auto taken = take_picture(place_, memory_.reader(), limits_);
  EXPECT_EQ(taken.outcome, SnapshotOutcome::kRead);
  EXPECT_TRUE(taken.picture.is_blurred);
}

TEST_F(SnapshotClassic, HasNoPictureOfAnArrayThatIsLeft) {
  memory_.put(kHmap, hmap_);
  memory_.before_read([&](int number) {
    hmap_.buckets = kOld;
    if (number == 2) memory_.put(kHmap, hmap_);
  });
  EXPECT_EQ(take_picture(place_, memory_.reader(), limits_).outcome, SnapshotOutcome::kTorn);
}

// Both arrays in runs: where buckets have moved is seen.
TEST_F(SnapshotClassic, HasAPictureOfALargeMap) {
  constexpr std::uint64_t kNew = 0x1000000;
  constexpr std::uint64_t kFormer = 0x8000000;
  constexpr std::uint64_t kOldBuckets = 1U << 12U;
  memory_.allocate(kNew, 2 * kOldBuckets * kUnit);
  memory_.allocate(kFormer, kOldBuckets * kUnit);
  for (std::uint64_t i = 0; i < kOldBuckets / 2; ++i)
    memory_.put(kFormer + i * kUnit, std::uint8_t{2});
  for (std::uint64_t i = kOldBuckets / 2; i < kOldBuckets; ++i)
    memory_.put(kFormer + i * kUnit, std::uint64_t{0x0505});
  hmap_ = {.count = kOldBuckets,
           .b = 13,
           .buckets = kNew,
           .oldbuckets = kFormer,
           .nevacuate = kOldBuckets / 2};
  memory_.put(kHmap, hmap_);
  limits_.max_array_bytes = 256U << 10U;
  const auto taken = take_picture(place_, memory_.reader(), limits_);
  ASSERT_EQ(taken.outcome, SnapshotOutcome::kRead);
  EXPECT_TRUE(taken.state.classic.is_estimate);
  EXPECT_EQ(taken.picture.current.buckets, 2 * kOldBuckets);
  EXPECT_EQ(taken.picture.current.cells.size(), kPictureCells);
  ASSERT_TRUE(taken.picture.old.has_value());
  const auto& cells = taken.picture.old->cells;
  ASSERT_EQ(cells.size(), kPictureCells);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(cells[i].moved, i < kPictureCells / 2 ? 1 : 0);
    EXPECT_EQ(cells[i].filled, i < kPictureCells / 2 ? 0 : 0.25);
  }
}

}  // namespace
}  // namespace gomapd::model
