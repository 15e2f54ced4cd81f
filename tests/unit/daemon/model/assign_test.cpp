// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/assign.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gomapd::model {
namespace {

constexpr ProbeCost kCost{.ns = 1000, .error_ns = 100};

AssignThread thread(std::uint64_t gaps, std::uint64_t gap_ns, bool busy) {
  return {.tid = 7,
          .pace = {.gaps = gaps, .gap_ns = gaps * gap_ns, .last_ns = 0, .switches = 0},
          .busy = busy};
}

TEST(Dilation, IsNoneOfAThreadThatSlept) {
  const auto dilated = dilation(thread(1000, 1100, false), kCost);
  EXPECT_EQ(dilated.factor, 1);
  EXPECT_EQ(dilated.error, 0);
}

TEST(Dilation, IsNotTakenFromAFewGaps) {
  EXPECT_EQ(dilation(thread(9, 1100, true), kCost).factor, 1);
}

TEST(Dilation, TakesTheHitsOffABusyThreadsGaps) {
  // 4 µs, of which 1 is the probe's: 3 without it, give or take 0.1.
  const auto dilated = dilation(thread(1000, 4000, true), kCost);
  EXPECT_DOUBLE_EQ(dilated.factor, 4.0 / 3);
  EXPECT_DOUBLE_EQ(dilated.error, 4.0 / 3 * 100 / 3000);
  EXPECT_FALSE(dilated.at_least);
}

TEST(Dilation, SaysWhenHardlyAnythingButHitsIsLeft) {
  const auto dilated = dilation(thread(1000, 1100, true), kCost);
  EXPECT_DOUBLE_EQ(dilated.factor, 1100.0 / 200);
  EXPECT_TRUE(dilated.at_least);
}

TEST(Dilation, IsNeverBelowOne) {
  const auto dilated = dilation(thread(1000, 100, true), kCost);
  EXPECT_EQ(dilated.factor, 1);
  EXPECT_TRUE(dilated.at_least);
}

// Types and callers by their number.
class FakeResolver final : public AssignResolver {
 public:
  const TypeInfo& type(std::uint32_t /*binary*/, std::uint32_t /*pid*/,
                       std::uint64_t address) override {
    types_[address].name = "map[int]" + std::to_string(address);
    return types_[address];
  }
  const symbol::Frame& caller(std::uint32_t /*binary*/, std::uint64_t pc) override {
    callers_[pc] = {"main.f" + std::to_string(pc), "main.go", static_cast<int>(pc), false};
    return callers_[pc];
  }

 private:
  std::map<std::uint64_t, TypeInfo> types_;
  std::map<std::uint64_t, symbol::Frame> callers_;
};

AssignRow row(std::uint64_t caller, std::uint64_t go_map, std::uint32_t tid, std::uint64_t hits) {
  return {.key = {.type = 5, .caller = caller, .go_map = go_map, .seed = 1, .tgid = 3, .tid = tid},
          .value = {.hits = hits, .bias = 0, .binary = 0, .flags = 0}};
}

TEST(CountAssigns, AddsThreadsUp) {
  FakeResolver resolver;
  const std::vector rows{row(1, 100, 7, 10), row(1, 100, 8, 20), row(1, 200, 7, 5)};
  const auto counts = count_assigns(rows, {}, kCost, resolver);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].hits, 30U);
  EXPECT_EQ(counts[0].go_map, 100U);
  EXPECT_EQ(counts[0].caller->function, "main.f1");
  EXPECT_EQ(counts[0].type->name, "map[int]5");
  EXPECT_EQ(counts[1].hits, 5U);
}

TEST(CountAssigns, CorrectsEachThreadByItsOwnPace) {
  FakeResolver resolver;
  const std::vector rows{row(1, 100, 7, 30), row(1, 100, 8, 10)};
  const std::vector threads{thread(1000, 4000, true)};
  const auto counts = count_assigns(rows, threads, kCost, resolver);
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].hits, 40U);
  EXPECT_DOUBLE_EQ(counts[0].undilated, 30 * 4.0 / 3 + 10);
}

class AssignEstimator : public testing::Test {
 protected:
  // A window of 1 ms that stands for `stands_for_ms`, with so many hits at main.f1.
  AssignWindow window(std::uint64_t hits, std::uint64_t stands_for_ms, std::uint32_t pid = 3) {
    AssignWindow one{.pid = pid,
                     .window_ns = 1'000'000,
                     .stands_for_ns = stands_for_ms * 1'000'000,
                     .counts = {}};
    const std::vector rows{row(1, 100, 7, hits)};
    if (hits != 0) one.counts = count_assigns(rows, {}, kCost, resolver_);
    return one;
  }

  FakeResolver resolver_;
  model::AssignEstimator estimator_;
};

TEST_F(AssignEstimator, KnowsNothingWithoutAWindow) {
  const auto summary = estimator_.summary();
  EXPECT_EQ(summary.windows, 0U);
  EXPECT_EQ(summary.per_second.value, 0);
  EXPECT_FALSE(summary.per_second.error);
  EXPECT_TRUE(summary.sites.empty());
}

TEST_F(AssignEstimator, HasNoErrorFromAFewWindows) {
  for (const auto hits : {99U, 101U, 101U, 99U}) estimator_.add(window(hits, 100));
  const auto summary = estimator_.summary();
  EXPECT_DOUBLE_EQ(summary.per_second.value, 100'000);
  EXPECT_FALSE(summary.per_second.error);
}

TEST_F(AssignEstimator, TakesTheErrorFromTheDifferencesOfTheWindows) {
  for (const auto hits : {90U, 110U, 100U, 100U, 100U}) estimator_.add(window(hits, 100));
  const auto summary = estimator_.summary();
  EXPECT_DOUBLE_EQ(summary.per_second.value, 100'000);
  // Standard deviation sqrt(200 / 4) of the hits, over sqrt(5) windows.
  EXPECT_NEAR(*summary.per_second.error, std::sqrt(200.0 / 4 / 5) * 1000, 1e-6);
  EXPECT_EQ(summary.window_ns, 5'000'000U);
  EXPECT_EQ(summary.hits, 500U);
}

TEST_F(AssignEstimator, CountsWindowsWithoutAssignments) {
  estimator_.add(window(100, 100));
  estimator_.add(window(0, 100));
  EXPECT_DOUBLE_EQ(estimator_.summary().per_second.value, 50'000);
  EXPECT_DOUBLE_EQ(estimator_.summary().sites.at(0).per_second.value, 50'000);
}

TEST_F(AssignEstimator, LetsAWindowStandForTheTimeBeforeIt) {
  // Busy for a tenth of the time, and looked at as often as when quiet.
  estimator_.add(window(1000, 100));
  estimator_.add(window(0, 900));
  EXPECT_DOUBLE_EQ(estimator_.summary().per_second.value, 100'000);
}

TEST_F(AssignEstimator, AddsProcessesUp) {
  for (const auto pid : {3U, 4U})
    for (const auto hits : {90U, 110U, 100U, 100U, 100U}) estimator_.add(window(hits, 100, pid));
  const auto summary = estimator_.summary();
  EXPECT_DOUBLE_EQ(summary.per_second.value, 200'000);
  ASSERT_EQ(summary.sites.size(), 1U);  // both run the same program
  EXPECT_DOUBLE_EQ(summary.sites[0].per_second.value, 200'000);
  EXPECT_NEAR(*summary.per_second.error, std::sqrt(2 * 200.0 / 4 / 5) * 1000, 1e-6);
  EXPECT_EQ(summary.go_maps, 2U);
}

TEST_F(AssignEstimator, LeavesOutAWindowThatTheProcessDidNotOutlive) {
  estimator_.add(window(100, 100));
  auto cut = window(1, 100);
  cut.cut = true;
  estimator_.add(cut);
  const auto summary = estimator_.summary();
  EXPECT_EQ(summary.windows, 2U);
  EXPECT_EQ(summary.cut_windows, 1U);
  EXPECT_EQ(summary.hits, 101U);
  EXPECT_DOUBLE_EQ(summary.per_second.value, 100'000);
}

TEST_F(AssignEstimator, RemembersWhichMapsWereSeen) {
  estimator_.add(window(100, 100));
  estimator_.add(window(100, 100));
  ASSERT_EQ(estimator_.go_maps().size(), 1U);
  const auto& [go_map, type] = *estimator_.go_maps().begin();
  EXPECT_EQ(go_map.address, 100U);
  EXPECT_EQ(go_map.seed, 1U);
  EXPECT_EQ(type.type, 5U);
  EXPECT_TRUE(estimator_.summary().go_maps_exact);
}

TEST_F(AssignEstimator, SaysWhenAMapsAddressWasNotKept) {
  auto one = window(100, 100);
  one.counts[0].go_map = one.counts[0].seed = 0;
  estimator_.add(one);
  EXPECT_TRUE(estimator_.go_maps().empty());
  EXPECT_FALSE(estimator_.summary().go_maps_exact);
}

TEST_F(AssignEstimator, AddsTheUncertaintyOfAHitsCost) {
  for (int i = 0; i < 5; ++i) {
    auto one = window(0, 100);
    const std::vector rows{row(1, 100, 7, 100)};
    const std::vector threads{thread(1000, 4000, true)};
    one.counts = count_assigns(rows, threads, kCost, resolver_);
    estimator_.add(one);
  }
  const auto estimate = estimator_.summary().per_second;
  EXPECT_NEAR(estimate.value, 4.0 / 3 * 100'000, 1e-6);
  EXPECT_NEAR(*estimate.error, 4.0 / 3 * 100'000 / 30, 1e-6);  // 0.1 of 3 µs
}

}  // namespace
}  // namespace gomapd::model
