// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/advice.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/model/growing_map.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kMinuteNs = 60'000'000'000;

class Advising : public testing::Test {
 protected:
  void fill(const Place& place, std::uint64_t keys, int maps) {
    for (int i = 0; i < maps; ++i) map_at(place).fill(keys, kMinuteNs / 100);
  }
  GrowingMap map_at(const Place& place) {
    address_ += 64;
    return {place, address_, [this](const GrowthEvent& event) { seen_.add(event); }};
  }
  Advice advice(double percentile = 90) const { return advise(seen_, percentile, 0, kMinuteNs); }
  SiteAdvice only(double percentile = 90) const {
    auto all = advice(percentile);
    EXPECT_EQ(all.sites.size(), 1);
    return all.sites.at(0);
  }

  Place classic_{"main.classic", classic_shape()};
  Place swiss_{"main.swiss", swiss_shape()};
  SizesSeen seen_;
  std::uint64_t address_ = 0xc000000000;
};

TEST_F(Advising, SavesAllGrowthsOfMapsOfOneSize) {
  fill(classic_, 100, 50);
  const auto one = only();
  EXPECT_EQ(one.verdict, Verdict::kHint);
  EXPECT_EQ(one.asked.hint, 104);
  EXPECT_EQ(one.asked.growths, 200);
  EXPECT_EQ(one.asked.bytes, 50 * plan_inserts(classic_.shape, 100).discarded_bytes);
  EXPECT_EQ(one.asked.time_ns, 200 * kGrowthNs);
  EXPECT_EQ(one.asked.wasted_bytes, 0);
  EXPECT_EQ(one.asked.same.low, 53);
  EXPECT_EQ(one.asked.same.high, 104);
}

// Saved less wasted is what the allocator would give out less: the plans of
// both, added up.
TEST_F(Advising, BalancesWithThePlans) {
  std::uint64_t without = 0;
  std::uint64_t maps = 0;
  for (const std::uint64_t keys : {20, 60, 100, 300, 700}) {
    fill(swiss_, keys, 20);
    without += 20 * plan_inserts(swiss_.shape, keys).total_bytes;
    maps += 20;
  }
  const auto saving = only(100).asked;
  EXPECT_EQ(saving.hint, 896);
  const auto with = maps * plan_hint(swiss_.shape, saving.hint).total_bytes;
  EXPECT_EQ(saving.net_bytes(),
            static_cast<std::int64_t>(without) - static_cast<std::int64_t>(with));
}

TEST_F(Advising, BalancesWithThePlansOfSeveralTables) {
  fill(swiss_, 5000, 3);
  const auto saving = only().asked;
  const auto without = plan_inserts(swiss_.shape, 5000);
  const auto with = plan_hint(swiss_.shape, saving.hint);
  EXPECT_EQ(saving.net_bytes(), 3 * (static_cast<std::int64_t>(without.total_bytes) -
                                     static_cast<std::int64_t>(with.total_bytes)));
  EXPECT_EQ(saving.growths, 3 * without.growths.size());
  EXPECT_TRUE(plan_hint(swiss_.shape, 5000).bytes == with.bytes);
}

TEST_F(Advising, LeavesTheGrowthsOfLargerMaps) {
  fill(classic_, 100, 90);
  fill(classic_, 400, 10);
  const auto saving = only().asked;
  EXPECT_EQ(saving.hint, 104);
  EXPECT_EQ(saving.growths, 400);
  EXPECT_EQ(saving.wasted_bytes, 0);
  EXPECT_EQ(saving_of(only(91).site, 91).hint, 416);
}

TEST_F(Advising, CountsWhatSmallerMapsWaste) {
  fill(classic_, 100, 50);
  fill(classic_, 20, 5);
  const auto saving = only().asked;
  const auto& shape = classic_.type.shape;
  EXPECT_EQ(saving.wasted_bytes, 5 * (bucket_array_bytes(4, shape) - bucket_array_bytes(2, shape)));
  EXPECT_EQ(saving.smaller_maps, 5);
  EXPECT_EQ(saving.bytes_per_unseen, bucket_array_bytes(4, shape) - bucket_array_bytes(0, shape));
}

TEST_F(Advising, RefusesSizesThatAreTooFarApart) {
  fill(classic_, 12, 80);
  fill(classic_, 5000, 20);
  const auto one = only();
  EXPECT_EQ(one.verdict, Verdict::kSizesSpread);
  EXPECT_EQ(one.asked.hint, 6656);
  EXPECT_GT(one.asked.wasted_bytes, one.asked.bytes);
  ASSERT_TRUE(one.better);
  EXPECT_EQ(one.better->hint, 13);
  EXPECT_GT(one.better->net_bytes(), 0);
}

TEST_F(Advising, TakesASmallerHintInPlaceOfOneThatWastesTooMuch) {
  fill(swiss_, 60, 300);
  fill(swiss_, 400, 100);
  const auto one = only();
  EXPECT_EQ(one.verdict, Verdict::kHint);
  EXPECT_EQ(one.asked.hint, 112);
  EXPECT_EQ(one.asked.wasted_bytes, 0);
  ASSERT_TRUE(one.too_large);
  EXPECT_EQ(one.too_large->hint, 448);
  EXPECT_GT(one.too_large->wasted_bytes, one.too_large->bytes / kWorthItsWaste);
  EXPECT_FALSE(one.better);
}

TEST_F(Advising, NamesThePlaceBehindTheRuntimesOwnFrames) {
  classic_.stack.insert(classic_.stack.begin(),
                        {"runtime.mapassign_fast64", "/go/map.go", 9, false, 0, true});
  fill(classic_, 100, 60);
  EXPECT_EQ(only().site.function, "main.classic");
  EXPECT_EQ(only().verdict, Verdict::kHint);
}

TEST_F(Advising, NamesTheHintThatSavesClearlyMore) {
  fill(classic_, 300, 30);
  fill(classic_, 600, 20);
  const auto one = only();
  EXPECT_EQ(one.verdict, Verdict::kHint);
  EXPECT_EQ(one.asked.hint, 832);
  ASSERT_TRUE(one.better);
  EXPECT_EQ(one.better->hint, 416);
  EXPECT_GT(static_cast<double>(one.better->net_bytes()),
            kClearlyBetter * static_cast<double>(one.asked.net_bytes()));
}

TEST_F(Advising, RefusesWhatDeletesBringAbout) {
  auto growing = map_at(classic_);
  growing.fill(100);
  for (std::uint64_t i = 0; i < 4; ++i)
    growing.grow(GM_KIND_SAME_SIZE, 4, 100, kMinuteNs / 2 + i, Reason::kOverflow);
  EXPECT_EQ(only().verdict, Verdict::kDeletesDominate);
}

TEST_F(Advising, RefusesWhatTombstonesBringAbout) {
  for (int i = 0; i < 20; ++i) {
    auto growing = map_at(swiss_);
    growing.grow(GM_KIND_TO_TABLE, 3, 8, 1);
    growing.grow(GM_KIND_TABLE_DOUBLE, 4, 12, 2, Reason::kTombstones);
  }
  EXPECT_EQ(only().verdict, Verdict::kDeletesDominate);
}

TEST_F(Advising, RefusesWhatIsNotWorthIt) {
  fill(classic_, 30, 3);
  EXPECT_EQ(only().verdict, Verdict::kFewGrowths);
}

TEST_F(Advising, TakesOneLargeMapAsWorthIt) {
  map_at(classic_).fill(100'000, kMinuteNs / 100);
  EXPECT_EQ(only().verdict, Verdict::kHint);
}

TEST_F(Advising, RefusesTheStandardLibrary) {
  Place library("net/url.Values.Add", classic_shape());
  library.stack.push_back({"main.fill", "fill.go", 3, false, 0});
  fill(library, 100, 50);
  EXPECT_EQ(only().verdict, Verdict::kNotYourCode);
  EXPECT_EQ(only().caller, "main.fill fill.go:3");
}

TEST_F(Advising, SuspectsAMapThatGrowsAllTheTime) {
  map_at(classic_).fill(60'000, 0, 1'000'000);
  const auto all = advice();
  EXPECT_EQ(all.sites.at(0).verdict, Verdict::kKeepsGrowing);
  ASSERT_EQ(all.leak_suspects.size(), 1);
  const auto& suspect = all.leak_suspects.front();
  EXPECT_EQ(suspect.track.last.keys, 53'248);
  EXPECT_NEAR(suspect.keys_per_second, 1000, 1);
  EXPECT_EQ(suspect.track.milestones.back().keys, 53'248);
}

TEST_F(Advising, DoesNotSuspectAMapThatStopped) {
  map_at(classic_).fill(60'000, 0, 100'000);
  EXPECT_TRUE(advice().leak_suspects.empty());
}

TEST_F(Advising, DoesNotSuspectMapsThatAreGivenUp) {
  address_ -= 64;
  map_at(classic_).fill(1000);
  address_ -= 64;
  auto second = map_at(classic_);
  second.event().identity = 5;
  second.fill(60'000, 0, 1'000'000);
  EXPECT_TRUE(advice().leak_suspects.empty());
}

TEST_F(Advising, DoesNotSuspectAnythingInAShortTrace) {
  map_at(classic_).fill(60'000, 0, 10'000);
  EXPECT_TRUE(advise(seen_, 90, 0, 600'000'000).leak_suspects.empty());
}

TEST_F(Advising, DoesNotSuspectAMapWhoseKeysFall) {
  auto growing = map_at(swiss_);
  growing.fill(800, 0, 1'000'000);
  growing.grow(GM_KIND_SPLIT, 10, 400, kMinuteNs * 3 / 4, Reason::kTombstones);
  growing.grow(GM_KIND_SPLIT, 10, 900, kMinuteNs * 4 / 5);
  EXPECT_TRUE(advice().leak_suspects.empty());
}

TEST_F(Advising, PutsWhatSavesMostFirst) {
  fill(classic_, 30, 1);
  Place second("main.second", classic_shape());
  fill(second, 100, 500);
  fill(swiss_, 800, 500);
  const auto all = advice();
  EXPECT_EQ(all.sites.at(0).site.function, "main.swiss");
  EXPECT_EQ(all.sites.at(1).site.function, "main.second");
  EXPECT_EQ(all.sites.at(2).site.function, "main.classic");
  EXPECT_EQ(all.go_maps, 1001);
}

TEST_F(Advising, GivesPercentilesOfSizes) {
  fill(classic_, 20, 50);
  fill(classic_, 100, 40);
  fill(classic_, 1000, 9);
  fill(classic_, 3000, 1);
  const auto one = only();
  EXPECT_EQ(one.p50.high, 26);
  EXPECT_EQ(one.p50.low, 14);
  EXPECT_EQ(one.p90.high, 104);
  EXPECT_EQ(one.p99.high, 1664);
  EXPECT_EQ(one.max.high, 3328);
}

TEST(Advice, OfNothingIsNone) {
  EXPECT_TRUE(advise(SizesSeen(), 90, 0, kMinuteNs).sites.empty());
}

}  // namespace
}  // namespace gomapd::model
