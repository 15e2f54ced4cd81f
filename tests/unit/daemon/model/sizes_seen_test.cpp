// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/sizes_seen.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/model/growing_map.h"

namespace gomapd::model {
namespace {

class Sizes : public testing::Test {
 protected:
  GrowingMap map_at(const Place& place, std::uint64_t address) {
    return {place, address, [this](const GrowthEvent& event) { seen_.add(event); }};
  }
  const SiteSizes& site() const { return seen_.sites().at(0); }

  Place classic_{"main.classic", classic_shape()};
  Place swiss_{"main.swiss", swiss_shape()};
  SizesSeen seen_;
};

TEST_F(Sizes, AreTheLevelAfterTheLastGrowth) {
  map_at(classic_, 0x1000).fill(100);
  ASSERT_EQ(seen_.sites().size(), 1);
  EXPECT_EQ(site().go_maps, 1);
  EXPECT_EQ(site().growths, 4);
  EXPECT_EQ(site().largest_keys, 52);
  ASSERT_EQ(site().levels.size(), 5);
  EXPECT_EQ(site().levels[4].go_maps, 1);
  EXPECT_EQ(site().levels[4].held_bytes, bucket_array_bytes(4, classic_.type.shape));
  for (unsigned level = 0; level < 4; ++level) EXPECT_EQ(site().levels[level].growths, 1) << level;
}

// 144 bytes a bucket; the first is allocated by the first key.
TEST_F(Sizes, ThrowAwayEachArrayButTheLast) {
  map_at(classic_, 0x1000).fill(100);
  std::uint64_t thrown = 0;
  for (const auto& level : site().levels) thrown += level.thrown_bytes;
  EXPECT_EQ(thrown, plan_inserts(classic_.shape, 100).discarded_bytes);
}

TEST_F(Sizes, ThrowAwayOverflowBucketsToo) {
  auto growing = map_at(classic_, 0x1000);
  growing.event().overflow_buckets = 2;
  growing.grow(GM_KIND_DOUBLE, 2, 26, 1);
  // Two buckets of 144 bytes, and the slice that holds them: 24 + 8 + 16.
  EXPECT_EQ(site().levels[2].thrown_bytes,
            bucket_array_bytes(2, classic_.type.shape) + 2 * 144 + 48);
}

TEST_F(Sizes, ThrowAwayNoOverflowBucketThatWasPartOfTheArray) {
  auto growing = map_at(classic_, 0x1000);
  growing.event().overflow_buckets = 1;
  growing.grow(GM_KIND_DOUBLE, 4, 104, 1);
  EXPECT_EQ(site().levels[4].thrown_bytes, bucket_array_bytes(4, classic_.type.shape) + 24 + 8);
}

TEST_F(Sizes, ThrowAwayNothingThatLayOnTheStack) {
  auto growing = map_at(classic_, 0x1000);
  growing.event().on_goroutine_stack = true;
  growing.grow(GM_KIND_DOUBLE, 0, 8, 1);
  growing.grow(GM_KIND_DOUBLE, 1, 13, 2);
  EXPECT_EQ(site().levels[0].thrown_bytes, 0);
  EXPECT_EQ(site().levels[1].thrown_bytes, bucket_array_bytes(1, classic_.type.shape));
}

TEST_F(Sizes, OfASwissMapCountItsTables) {
  map_at(swiss_, 0x1000).fill(2500);
  const auto planned = plan_inserts(swiss_.shape, 2500);
  EXPECT_EQ(site().levels.back().go_maps, 1);
  EXPECT_EQ(site().levels.back().held_bytes, planned.bytes);
  std::uint64_t thrown = 0;
  for (const auto& level : site().levels) thrown += level.thrown_bytes;
  EXPECT_EQ(thrown, planned.discarded_bytes);
}

TEST_F(Sizes, OfAMapThatIsMetLateStartFromItsKeys) {
  // Four full tables: they hold more than two can.
  map_at(swiss_, 0x1000).grow(GM_KIND_SPLIT, 10, 3500, 1);
  EXPECT_EQ(site().not_from_the_start, 1);
  EXPECT_EQ(site().levels[12].growths, 1);
  EXPECT_EQ(site().levels[13].go_maps, 1);
}

TEST_F(Sizes, OfAMapThatIsMetFromTheStartAreNotLate) {
  map_at(swiss_, 0x1000).fill(20);
  map_at(classic_, 0x2000).fill(20);
  for (const auto& site : seen_.sites()) EXPECT_EQ(site.not_from_the_start, 0);
}

TEST_F(Sizes, TakeTheTimeOfFinishedGrowths) {
  map_at(classic_, 0x1000).fill(100);
  for (unsigned level = 0; level < 4; ++level)
    EXPECT_EQ(site().levels[level].time_ns, kGrowthNs) << level;
}

TEST_F(Sizes, TakeTheTimeOfASwissMapOnAStack) {
  GrowingMap growing(swiss_, 0x1000, [&](GrowthEvent event) {
    event.on_goroutine_stack = true;
    seen_.add(event);
  });
  growing.fill(20);
  EXPECT_EQ(site().levels[3].time_ns, kGrowthNs);
  EXPECT_EQ(site().levels[4].time_ns, kGrowthNs);
}

TEST_F(Sizes, StayWhereTheyAreAtASameSizeGrowth) {
  auto growing = map_at(classic_, 0x1000);
  growing.fill(100);
  growing.grow(GM_KIND_SAME_SIZE, 4, 100, 1'000'000, Reason::kOverflow);
  EXPECT_EQ(site().levels.at(4).go_maps, 1);
  EXPECT_EQ(site().levels.at(4).growths, 0);
  EXPECT_EQ(site().levels.at(4).time_ns, 0);
  EXPECT_EQ(site().from_deletes, 1);
  EXPECT_EQ(site().growths, 5);
}

TEST_F(Sizes, SayThatAMapIsGoneWhenAnotherTakesItsPlace) {
  map_at(classic_, 0x1000).fill(100);
  auto next = map_at(classic_, 0x1000);
  next.event().identity = 99;
  next.fill(20);
  EXPECT_EQ(site().go_maps, 2);
  EXPECT_EQ(site().abandoned, 1);
  EXPECT_EQ(site().levels[2].go_maps, 1);
  EXPECT_EQ(site().levels[4].go_maps, 1);
}

TEST_F(Sizes, TellPlacesAndTypesApart) {
  map_at(classic_, 0x1000).fill(20);
  map_at(swiss_, 0x2000).fill(20);
  Place other_type("main.classic", classic_shape());
  other_type.type.name = "map[int]bool";
  map_at(other_type, 0x3000).fill(20);
  const Place same("main.classic", classic_shape());
  map_at(same, 0x4000).fill(20);
  ASSERT_EQ(seen_.sites().size(), 3);
  EXPECT_EQ(site().go_maps, 2);
}

TEST_F(Sizes, NameWhoCalledTheStandardLibrary) {
  Place library("net/url.Values.Add", classic_shape());
  library.stack.push_back({"main.fill", "fill.go", 3, false, 0});
  map_at(library, 0x1000).fill(20);
  EXPECT_EQ(site().callers.at("main.fill fill.go:3"), 1);
}

TEST_F(Sizes, RememberWhenALongLivedMapDoubled) {
  auto growing = map_at(classic_, 0x1000);
  growing.fill(1000, 0, 10'000'000);  // 10 s
  std::size_t tracks = 0;
  seen_.tracks().for_each([&](const Track& track) {
    ++tracks;
    EXPECT_EQ(track.growths, 8);
    EXPECT_EQ(track.first.keys, 8);
    EXPECT_EQ(track.last.keys, 832);
    ASSERT_FALSE(track.milestones.empty());
    EXPECT_EQ(track.milestones.back().keys, 832);
    EXPECT_EQ(track.milestones.back().monotonic_ns, 8'320'000'000);
  });
  EXPECT_EQ(tracks, 1);
}

TEST_F(Sizes, PassOverWhatIsNotKnown) {
  auto growing = map_at(classic_, 0x1000);
  growing.event().kind = GM_KIND_UNKNOWN;
  growing.event().what = GM_RECORD_STARTED;
  seen_.add(growing.event());
  growing.event().kind = GM_KIND_DOUBLE;
  growing.event().what = GM_RECORD_FINISHED;
  growing.event().sizes = {1, 2, 0};
  seen_.add(growing.event());
  EXPECT_TRUE(seen_.sites().empty());
}

// Numbers no runtime has: nothing is read past its end.
TEST_F(Sizes, TakeHostileNumbers) {
  for (const auto kind :
       {GM_KIND_DOUBLE, GM_KIND_SAME_SIZE, GM_KIND_TO_TABLE, GM_KIND_TABLE_DOUBLE, GM_KIND_SPLIT})
    for (const unsigned log2 : {0U, 10U, 48U, 63U, 255U})
      for (const std::uint64_t keys : {std::uint64_t{0}, std::uint64_t{1} << 63U, UINT64_MAX}) {
        auto growing = map_at(kind >= GM_KIND_TO_TABLE ? swiss_ : classic_, keys ^ log2);
        growing.event().overflow_buckets = UINT64_MAX;
        growing.grow(kind, log2, keys, 1);
        growing.grow(kind, log2, keys, 2);
      }
  for (const auto& site : seen_.sites()) EXPECT_LE(site.levels.size(), 65);
}

TEST(SizesOfManyMaps, KeepThoseThatGrewLately) {
  const Place place("main.f", classic_shape());
  SizesSeen seen(8);
  for (std::uint64_t address = 1; address <= 20; ++address)
    GrowingMap(place, address << 12U, [&](const GrowthEvent& event) { seen.add(event); }).fill(20);
  EXPECT_EQ(seen.sites().at(0).go_maps, 20);
  EXPECT_EQ(seen.sites().at(0).levels.at(2).go_maps, 20);
  EXPECT_GE(seen.tracks().forgotten(), 12);
}

}  // namespace
}  // namespace gomapd::model
