// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/hit_cost_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace gomapd::model {
namespace {

constexpr double kGrowth = 1500;
constexpr double kHit = 1200;
constexpr ProbeCost kBefore{.ns = 850, .error_ns = 340};

// Windows of a program whose growths take kGrowth each, by turns with one and with
// `hits` hits a growth; what they take differs by `noise` of itself.
HitCostFit fit_of(int windows, double noise, std::mt19937& random, double hits = 2) {
  HitCostFit fit(kBefore);
  for (int i = 0; i < windows; ++i) {
    const bool with_ends = i % 2 == 1;
    const double growths = std::uniform_real_distribution(500.0, 1500.0)(random);
    const double of_it = growths * (with_ends ? hits : 1);
    const double factor = 1 + std::normal_distribution(0.0, noise)(random);
    fit.add({.growths = growths,
             .hits = of_it,
             .cpu_ns = (growths * kGrowth + of_it * kHit) * std::max(factor, 0.1)},
            with_ends);
  }
  return fit;
}

TEST(HitCostFit, BelievesWhatItIsToldAtFirst) {
  std::mt19937 random(1);
  for (const auto& fit : {HitCostFit(kBefore), fit_of(8, 0, random)}) {
    EXPECT_EQ(fit.cost().ns, kBefore.ns);
    EXPECT_EQ(fit.cost().error_ns, kBefore.error_ns);
  }
}

TEST(HitCostFit, FindsWhatWindowsSay) {
  std::mt19937 random(2);
  const auto cost = fit_of(20, 0, random).cost();
  EXPECT_NEAR(cost.ns, kHit, 0.02 * kHit);
  EXPECT_LE(cost.error_ns, 0.051 * kHit);
}

// Two in three lie within what is told of the error.
TEST(HitCostFit, TellsItsError) {
  std::mt19937 random(3);
  int within = 0;
  constexpr int kPrograms = 400;
  for (int i = 0; i < kPrograms; ++i) {
    const auto cost = fit_of(200, 0.3, random).cost();
    within += std::abs(cost.ns - kHit) <= cost.error_ns ? 1 : 0;
    EXPECT_LT(cost.error_ns, 0.2 * kHit);
  }
  EXPECT_GT(within, kPrograms * 0.6);
  EXPECT_LT(within, kPrograms * 0.9);
}

// Where windows tell nothing, there is still what was measured before.
TEST(HitCostFit, IsNotMisledByAProgramThatChangesAllTheTime) {
  std::mt19937 random(4);
  for (int i = 0; i < 50; ++i) {
    const auto cost = fit_of(20, 1, random).cost();
    EXPECT_LE(cost.error_ns, kBefore.error_ns);
    EXPECT_GT(cost.ns, 0);
  }
}

// Large maps whose growths do not end before the window does.
TEST(HitCostFit, NeedsEnds) {
  std::mt19937 random(5);
  const auto fit = fit_of(40, 0, random, 1.01);
  EXPECT_EQ(fit.cost().ns, kBefore.ns);
}

TEST(HitCostFit, WantsEndsOnlyWhereTheyMatter) {
  HitCostFit rare(kBefore);
  HitCostFit often(kBefore);
  for (int i = 0; i < 3; ++i) {
    rare.add({.growths = 10, .hits = 10, .cpu_ns = 1e7}, false);
    often.add({.growths = 1000, .hits = 1000, .cpu_ns = 2e6}, false);
  }
  EXPECT_FALSE(rare.wants_ends());
  EXPECT_TRUE(often.wants_ends());
  for (int i = 0; i < 3; ++i) often.add({.growths = 1000, .hits = 2000, .cpu_ns = 3e6}, true);
  EXPECT_FALSE(often.wants_ends());
}

TEST(HitCostFit, TakesNothingFromEmptyWindows) {
  HitCostFit fit(kBefore);
  for (int i = 0; i < 40; ++i) fit.add({}, i % 2 == 1);
  EXPECT_EQ(fit.cost().ns, kBefore.ns);
  EXPECT_FALSE(fit.wants_ends());
}

}  // namespace
}  // namespace gomapd::model
