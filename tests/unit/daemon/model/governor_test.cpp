// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/governor.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

constexpr double kSecond = 1e9;

// A second of a program that keeps one CPU busy.
Governor::Use busy(double probe_share, double higher_share = 0) {
  return {.probe_ns = probe_share * kSecond,
          .cpu_ns = kSecond,
          .higher_ns = higher_share * kSecond,
          .seconds = 1};
}

TEST(Governor, LeavesAQuietProgramAlone) {
  Governor governor({}, ProbeLevel::kBuckets);
  for (int i = 0; i < 10000; ++i)
    ASSERT_EQ(governor.advance(busy(0.0099)), ProbeLevel::kBuckets) << i;
}

TEST(Governor, LeavesAnIdleProgramAlone) {
  Governor governor({}, ProbeLevel::kGrowth);
  for (int i = 0; i < 10000; ++i) governor.advance({.cpu_ns = 0, .seconds = 1});
  EXPECT_EQ(governor.level(), ProbeLevel::kGrowth);
}

// Ten seconds' worth of one per cent is a tenth of a second.
TEST(Governor, LetsABurstPass) {
  Governor governor({.saved_for_s = 10}, ProbeLevel::kGrowth);
  EXPECT_EQ(governor.advance({.probe_ns = 0.09 * kSecond, .cpu_ns = 0.2 * kSecond, .seconds = 0.2}),
            ProbeLevel::kGrowth);
  EXPECT_EQ(governor.advance({.probe_ns = 0.09 * kSecond, .cpu_ns = 0.2 * kSecond, .seconds = 0.2}),
            ProbeLevel::kSampled);
}

// Whatever it does, it never spends more than it may and has saved: the rest is one
// step's, which can't be known before.
TEST(Governor, HoldsTheBudget) {
  Governor governor({}, ProbeLevel::kBuckets);
  double spent = 0;
  double most_at_once = 0;
  for (int i = 0; i < 3600; ++i) {
    const double share = governor.level() == ProbeLevel::kBuckets  ? 0.5
                         : governor.level() == ProbeLevel::kGrowth ? 0.1
                                                                   : 0.006;
    spent += share;
    most_at_once = std::max(most_at_once, share);
    governor.advance(busy(share, governor.level() == ProbeLevel::kSampled ? 0.1 : 0.5));
  }
  EXPECT_LE(spent, 0.01 * 3600 + 0.15 + 2 * most_at_once);
  EXPECT_EQ(governor.level(), ProbeLevel::kSampled);
}

TEST(Governor, GoesUpWhenItHasBeenCheapForLong) {
  Governor governor({}, ProbeLevel::kGrowth);
  governor.advance(busy(0.5));
  ASSERT_EQ(governor.level(), ProbeLevel::kSampled);
  for (int i = 0; i < 300; ++i) governor.advance(busy(0.005, 0.006));
  EXPECT_EQ(governor.level(), ProbeLevel::kSampled) << "0.6 % is not half of 1 %";
  for (int i = 0; i < 29; ++i) governor.advance(busy(0.001, 0.004));
  EXPECT_EQ(governor.level(), ProbeLevel::kSampled);
  governor.advance(busy(0.001, 0.004));
  EXPECT_EQ(governor.level(), ProbeLevel::kGrowth);
}

// One that sleeps earns nothing to pay with.
TEST(Governor, ForgivesADebtAfterQuiet) {
  Governor governor({}, ProbeLevel::kGrowth);
  governor.advance(busy(2.1));
  EXPECT_LT(governor.balance_ns(), 0);
  for (int i = 0; i < 29; ++i) governor.advance({.seconds = 1});
  EXPECT_EQ(governor.level(), ProbeLevel::kSampled);
  governor.advance({.seconds = 1});
  EXPECT_EQ(governor.level(), ProbeLevel::kGrowth);
  EXPECT_EQ(governor.balance_ns(), 0);
}

// A program that is hot for a minute and cool for one is not switched each time.
TEST(Governor, ComesBackLaterEachTime) {
  Governor governor({}, ProbeLevel::kGrowth);
  int changes = 0;
  auto before = governor.level();
  for (int i = 0; i < 7200; ++i) {
    const bool hot = governor.level() == ProbeLevel::kGrowth;
    governor.advance(busy(hot ? 0.1 : 0.001, 0.001));
    changes += governor.level() != before ? 1 : 0;
    before = governor.level();
  }
  EXPECT_LE(changes, 20);
  EXPECT_GE(changes, 4);
}

TEST(Governor, GoesNoFurtherDownThanItMay) {
  Governor governor({.lowest = ProbeLevel::kGrowth}, ProbeLevel::kBuckets);
  EXPECT_EQ(governor.advance(busy(0.5)), ProbeLevel::kGrowth);
  EXPECT_EQ(governor.advance(busy(0.5)), ProbeLevel::kGrowth);
}

TEST(Governor, GoesDownLevelByLevel) {
  Governor governor({}, ProbeLevel::kBuckets);
  EXPECT_EQ(governor.advance(busy(0.5)), ProbeLevel::kGrowth);
  EXPECT_EQ(governor.advance(busy(0.5)), ProbeLevel::kSampled);
  EXPECT_EQ(governor.advance(busy(0.5)), ProbeLevel::kSampled);
}

}  // namespace
}  // namespace gomapd::model
