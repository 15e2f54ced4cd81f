// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "daemon/model/picture.h"
#include "daemon/model/snapshot.h"
#include "tests/unit/daemon/model/fake_memory.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kMap = 0x1000;
constexpr std::uint64_t kDirectory = 0x2000;
constexpr std::uint64_t kTables = 0x3000;
constexpr std::uint64_t kGroups = 0x10000;
constexpr std::uint64_t kUnit = 136;  // map[uint64]int
constexpr std::uint64_t kSeed = 0xfeedbeefcafe;
constexpr std::uint64_t kEmptyGroup = 0x8080808080808080;

// go1.26 internal/runtime/maps/map.go: type Map
struct SwissMap {
  std::uint64_t used = 0;
  std::uint64_t seed = kSeed;
  std::uint64_t dir_ptr = kDirectory;
  std::uint64_t dir_len = 4;
  std::uint8_t global_depth = 2;
  std::uint8_t global_shift = 62;
  std::uint8_t writing = 0;
  std::uint8_t tombstone_possible = 0;
  std::uint32_t pad = 0;
  std::uint64_t clear_seq = 0;
};

// go1.26 internal/runtime/maps/table.go: type table
struct Table {
  std::uint16_t used = 0;
  std::uint16_t capacity = 16;
  std::uint16_t growth_left = 14;
  std::uint8_t local_depth = 1;
  std::uint8_t pad = 0;
  std::int64_t index = 0;
  std::uint64_t groups = kGroups;
  std::uint64_t length_mask = 1;
};

// A directory of four entries; a table of 16 slots for the first two (9 keys and
// 2 tombstones), one of 16 slots each (0 keys, 1 key) for the others.
class SnapshotSwiss : public testing::Test {
 protected:
  SnapshotSwiss() {
    memory_.allocate(kMap, sizeof(SwissMap));
    memory_.allocate(kDirectory, 4 * 8);
    memory_.allocate(kTables, 3 * sizeof(Table));
    memory_.allocate(kGroups, 6 * kUnit);
    for (std::uint64_t i = 0; i < 6; ++i) memory_.put(kGroups + i * kUnit, kEmptyGroup);
    memory_.put(kGroups, std::uint64_t{0xfe7f000102030405});
    memory_.put(kGroups + kUnit, std::uint64_t{0x80808080fe808080} & ~std::uint64_t{0x8080});
    memory_.put(kGroups + 4 * kUnit, std::uint8_t{0x11});
    tables_ = {Table{.used = 9, .growth_left = 3},
               Table{.local_depth = 2, .index = 2, .groups = kGroups + 2 * kUnit},
               Table{.used = 1,
                     .growth_left = 13,
                     .local_depth = 2,
                     .index = 3,
                     .groups = kGroups + 4 * kUnit}};
    const std::array<std::uint64_t, 4> directory{0, 0, 1, 2};
    for (std::size_t i = 0; i < 4; ++i)
      memory_.put(kDirectory + i * 8, kTables + directory.at(i) * sizeof(Table));
    map_.used = 10;
    place_ = {.address = kMap,
              .seed = kSeed,
              .design = go::Design::kSwiss,
              .shape = {.unit_bytes = kUnit, .scan = Scan::kNoPointers, .version = {}}};
    place_.shape.version.minor = 26;
  }

  void put_all() {
    memory_.put(kMap, map_);
    memory_.put(kTables, tables_);
  }
  Snapshot attempt() {
    put_all();
    return read_swiss(place_, memory_.reader(), limits_);
  }

  FakeMemory memory_;
  SwissMap map_;
  std::array<Table, 3> tables_;
  GoMapPlace place_;
  SnapshotLimits limits_;
};

TEST_F(SnapshotSwiss, TellsTablesTombstonesAndGroups) {
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  const auto& swiss = snapshot.state.swiss;
  EXPECT_EQ(snapshot.state.keys, 10U);
  EXPECT_EQ(swiss.tables, 3U);
  EXPECT_EQ(swiss.slots, 48U);
  EXPECT_EQ(swiss.local_depths, (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_GT(snapshot.state.bytes, 6 * kUnit);
  ASSERT_TRUE(swiss.contents);
  EXPECT_EQ(swiss.contents->tombstones, 2U);
  EXPECT_EQ(swiss.contents->groups_by_keys,
            (std::vector<std::uint64_t>{3, 1, 1, 0, 0, 0, 0, 1, 0}));
}

TEST_F(SnapshotSwiss, ReadsASmallMap) {
  map_ = {.used = 2, .dir_ptr = kGroups + kUnit, .dir_len = 0, .global_depth = 0};
  memory_.put(kGroups + kUnit, std::uint64_t{0x8080808080800102});
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.swiss.tables, 0U);
  EXPECT_EQ(snapshot.state.swiss.slots, 8U);
  ASSERT_TRUE(snapshot.state.swiss.contents);
  EXPECT_EQ(snapshot.state.swiss.contents->tombstones, 0U);
}

TEST_F(SnapshotSwiss, IsGoneWithAnotherSeed) {
  map_.seed = 1;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kGone);
}

TEST_F(SnapshotSwiss, IsNoStateWhileItIsWritten) {
  map_.writing = 1;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotSwiss, IsNoStateWhenATableIsReplacedBetweenThePasses) {
  memory_.before_read([&](int number) {
    if (number != 6) return;
    memory_.put(kDirectory + 16, kTables);
    memory_.put(kDirectory + 24, kTables);
  });
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotSwiss, LeavesOutTheContentsOfABusyMap) {
  // A key of the third table moves to another slot between two passes.
  memory_.before_read([&](int number) {
    if (number == 8) memory_.put(kGroups + 4 * kUnit, std::uint16_t{0x1180});
  });
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  EXPECT_EQ(snapshot.state.keys, 10U);
  EXPECT_EQ(snapshot.state.swiss.tables, 3U);
  EXPECT_FALSE(snapshot.state.swiss.contents);
}

TEST_F(SnapshotSwiss, LeavesOutContentsThatDoNotAddUp) {
  ++tables_[1].used;
  --tables_[1].growth_left;
  const auto snapshot = attempt();
  EXPECT_FALSE(snapshot.state.swiss.contents);
}

TEST_F(SnapshotSwiss, TriesAgainForTheContents) {
  put_all();
  memory_.before_read([&](int number) {
    auto busy = map_;
    busy.used = number % 4 == 0 ? 11 : 10;
    memory_.put(kMap, number < 40 ? busy : map_);
  });
  const auto snapshot = take_snapshot(place_, memory_.reader(), limits_, [](unsigned) {});
  EXPECT_EQ(snapshot.outcome, SnapshotOutcome::kRead);
  EXPECT_TRUE(snapshot.state.swiss.contents);
  EXPECT_GT(snapshot.retries, 0U);
}

TEST_F(SnapshotSwiss, CountsTombstonesOfAMapTooLargeForItsGroups) {
  limits_.max_array_bytes = 5 * kUnit;
  const auto snapshot = attempt();
  ASSERT_EQ(snapshot.outcome, SnapshotOutcome::kRead) << snapshot.reason;
  ASSERT_TRUE(snapshot.state.swiss.contents);
  EXPECT_EQ(snapshot.state.swiss.contents->tombstones, 2U);
  EXPECT_TRUE(snapshot.state.swiss.contents->groups_by_keys.empty());
}

TEST_F(SnapshotSwiss, RefusesTablesThatDoNotFit) {
  const auto good = tables_;
  const std::array<Table, 9> wrong{
      Table{.used = 9, .capacity = 0, .growth_left = 3},
      Table{.used = 9, .capacity = 24, .growth_left = 3, .length_mask = 2},
      Table{.used = 9, .capacity = 2048, .growth_left = 3, .length_mask = 255},
      Table{.used = 9, .growth_left = 3, .length_mask = 3},
      Table{.used = 9, .growth_left = 6},
      Table{.used = 9, .growth_left = 3, .local_depth = 3},
      Table{.used = 9, .growth_left = 3, .local_depth = 2},
      Table{.used = 9, .growth_left = 3, .index = -1},
      Table{.used = 9, .growth_left = 3, .groups = kGroups + 4}};
  for (const auto& table : wrong) {
    tables_ = good;
    tables_[0] = table;
    EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  }
}

TEST_F(SnapshotSwiss, RefusesImpossibleHeaders) {
  const auto good = map_;
  const std::array<SwissMap, 7> wrong{
      SwissMap{.dir_ptr = 0},
      SwissMap{.dir_len = 3},
      SwissMap{.global_depth = 255},
      SwissMap{.writing = 2},
      SwissMap{.dir_ptr = kDirectory + 1},
      SwissMap{.dir_len = std::uint64_t{1} << 32U, .global_depth = 32},
      SwissMap{.used = 9, .dir_len = 0, .global_depth = 0}};
  for (const auto& header : wrong) {
    map_ = header;
    EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
  }
  map_ = good;
  place_.shape.unit_bytes = 0;
  EXPECT_EQ(attempt().outcome, SnapshotOutcome::kTorn);
}

TEST_F(SnapshotSwiss, RefusesGroupsCutAnywhere) {
  for (std::uint64_t bytes = 6 * kUnit; bytes-- > 0;) {
    memory_.truncate(kGroups, bytes);
    ASSERT_EQ(attempt().outcome, SnapshotOutcome::kTorn) << bytes;
  }
}

TEST_F(SnapshotSwiss, SurvivesAnyHeader) {
  std::minstd_rand random(1);
  put_all();
  for (int i = 0; i < 2000; ++i) {
    auto hostile = map_;
    auto* const bytes = reinterpret_cast<std::uint8_t*>(&hostile);
    for (int n = 0; n < 3; ++n) bytes[random() % sizeof(hostile)] = random() & 0xffU;
    hostile.seed = kSeed;
    memory_.put(kMap, hostile);
    (void)read_swiss(place_, memory_.reader(), limits_);
  }
  EXPECT_GT(memory_.reads(), 2000);
}

TEST_F(SnapshotSwiss, HasAPicture) {
  put_all();
  const auto taken = take_picture(place_, memory_.reader(), {});
  ASSERT_EQ(taken.outcome, SnapshotOutcome::kRead);
  EXPECT_EQ(taken.state.keys, 10);
  EXPECT_FALSE(taken.picture.is_blurred);
  const auto& tables = taken.picture.tables;
  ASSERT_EQ(tables.size(), 3);
  EXPECT_EQ(tables[0].capacity, 16);
  EXPECT_EQ(tables[0].used, 9);
  EXPECT_EQ(tables[0].tombstones, 2);
  EXPECT_EQ(tables[0].local_depth, 1);
  EXPECT_EQ(tables[2].used, 1);
  EXPECT_EQ(tables[2].local_depth, 2);
}

TEST_F(SnapshotSwiss, HasABlurredPictureWhileItIsWritten) {
  map_.writing = 1;
  put_all();
  const auto taken = take_picture(place_, memory_.reader(), {});
  ASSERT_EQ(taken.outcome, SnapshotOutcome::kRead);
  EXPECT_TRUE(taken.picture.is_blurred);
}

TEST_F(SnapshotSwiss, HasNoPictureOfAnotherMap) {
  map_.seed = 1;
  put_all();
  EXPECT_EQ(take_picture(place_, memory_.reader(), {}).outcome, SnapshotOutcome::kGone);
}

}  // namespace
}  // namespace gomapd::model
