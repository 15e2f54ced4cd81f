// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace gomapd::model {
namespace {

constexpr ProbeCost kFree{.ns = 0, .error_ns = 0};
constexpr double kMs = 1e6;

TEST(GrowthEstimate, IsWhatIsCountedWhenAllIsWindow) {
  GrowthEstimator estimator;
  for (int i = 0; i < 10; ++i)
    EXPECT_DOUBLE_EQ(
        estimator.add({.starts = 7, .hits = 7, .cpu_ns = 5 * kMs, .stands_for_cpu_ns = 5 * kMs},
                      kFree),
        7);
  EXPECT_DOUBLE_EQ(estimator.total().value, 70);
  EXPECT_NEAR(estimator.total().error.value(), 0, 1e-6);
}

TEST(GrowthEstimate, StandsForCpuTime) {
  GrowthEstimator estimator;
  EXPECT_DOUBLE_EQ(
      estimator.add({.starts = 10, .hits = 10, .cpu_ns = kMs, .stands_for_cpu_ns = 100 * kMs},
                    kFree),
      1000);
  EXPECT_DOUBLE_EQ(estimator.add_rest(50 * kMs), 500);
  EXPECT_DOUBLE_EQ(estimator.total().value, 1500);
  EXPECT_FALSE(estimator.total().error.has_value());
}

// A growth takes 800 ns, a hit a thousand: in windows it does less than half of what
// it does else.
TEST(GrowthEstimate, TakesOffWhatProbesTook) {
  constexpr double kGrowth = 800;
  constexpr double kHit = 1000;
  GrowthEstimator estimator;
  const ProbeCost cost{.ns = kHit, .error_ns = 50};
  double truth = 0;
  for (int i = 0; i < 20; ++i) {
    const double inside = 2000;
    const double around = 300;
    const double outside = 1e6;
    estimator.add({.starts = 2000,
                   .hits = 2000,
                   .cpu_ns = inside * (kGrowth + kHit),
                   .stands_for_cpu_ns =
                       inside * (kGrowth + kHit) + around * (kGrowth + kHit) + outside * kGrowth,
                   .hits_around = around},
                  cost);
    truth += inside + around + outside;
  }
  const auto total = estimator.total();
  EXPECT_NEAR(total.value, truth, truth * 1e-9);
  EXPECT_NEAR(total.error.value(), truth * 50 / kGrowth, truth * 1e-3);
  EXPECT_FALSE(total.at_least);
}

TEST(GrowthEstimate, SaysWhenNothingButProbesIsLeft) {
  GrowthEstimator estimator;
  estimator.add({.starts = 1000, .hits = 1000, .cpu_ns = 1e6, .stands_for_cpu_ns = 1e9},
                {.ns = 1000, .error_ns = 100});
  EXPECT_TRUE(estimator.total().at_least);
  EXPECT_TRUE(std::isfinite(estimator.total().value));
}

// What a hit costs was believed too low at first, which does not stay in the total.
TEST(GrowthEstimate, SeesOldWindowsByWhatIsKnownNow) {
  constexpr double kGrowth = 1000;
  GrowthEstimator estimator;
  double told = 0;
  double truth = 0;
  for (std::size_t i = 0; i < 2 * GrowthEstimator::kKept; ++i) {
    const ProbeCost cost{.ns = i < 50 ? 1000.0 : 1500.0, .error_ns = 100};
    told += estimator.add(
        {.starts = 1000, .hits = 1000, .cpu_ns = 1000 * (kGrowth + 1500), .stands_for_cpu_ns = 1e9},
        cost);
    truth += (1e9 - 1000 * 1500) / kGrowth;
  }
  EXPECT_NEAR(told, truth, truth * 1e-6);
  EXPECT_NEAR(estimator.total().value, truth, truth * 1e-6);
}

// And if it was believed too high, the total does not fall, but waits.
TEST(GrowthEstimate, NeverTellsLess) {
  GrowthEstimator estimator;
  const GrowthWindow window{
      .starts = 1000, .hits = 1000, .cpu_ns = 2.5e6, .stands_for_cpu_ns = 1e9, .hits_around = 0};
  double told = 0;
  for (int i = 0; i < 20; ++i)
    told += estimator.add(window, {.ns = i < 5 ? 2000.0 : 1000.0, .error_ns = 100});
  const auto total = estimator.total();
  EXPECT_NEAR(told, total.value, total.value * 1e-9);
  EXPECT_GE(estimator.add(window, {.ns = 100, .error_ns = 10}), 0);
  const auto later = estimator.total();
  EXPECT_LT(later.value, told);
  EXPECT_GE(later.error.value(), told - later.value);
}

TEST(GrowthEstimate, IsNothingOfAProcessThatSleeps) {
  GrowthEstimator estimator;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(estimator.add({.starts = 0, .cpu_ns = 0, .stands_for_cpu_ns = 0},
                            {.ns = 1000, .error_ns = 100}),
              0);
  EXPECT_EQ(estimator.total().value, 0);
}

// The error that it tells is the one that it makes: of 400 programs with rates that
// differ by window, two in three lie within it.
TEST(GrowthEstimate, TellsItsError) {
  std::mt19937 random(1);
  int within = 0;
  constexpr int kPrograms = 400;
  for (int program = 0; program < kPrograms; ++program) {
    GrowthEstimator estimator;
    double truth = 0;
    for (int i = 0; i < 30; ++i) {
      // Windows of 1 in 50; the rate of each period is drawn, the window's own lies
      // about it.
      const double rate = std::uniform_real_distribution(50.0, 150.0)(random);
      const double period = 500 * kMs;
      const double window = 10 * kMs;
      truth += rate * period / kMs;
      const double seen = std::uniform_real_distribution(0.5, 1.5)(random) * rate;
      const auto starts = std::floor(seen * window / kMs);
      estimator.add({.starts = static_cast<std::uint64_t>(starts),
                     .hits = starts,
                     .cpu_ns = window,
                     .stands_for_cpu_ns = period},
                    kFree);
    }
    const auto total = estimator.total();
    within += std::abs(total.value - truth) <= total.error.value() ? 1 : 0;
  }
  EXPECT_GT(within, kPrograms * 0.6);
  EXPECT_LT(within, kPrograms * 0.99);
}

// A program that does the same all the time on a machine that does not: now growths and
// hits take longer, now not so long.
TEST(GrowthEstimate, IsNotMisledByAMachineThatIsNowFastNowSlow) {
  constexpr double kGrowth = 1600;
  constexpr double kHit = 1100;
  std::mt19937 random(2);
  GrowthEstimator estimator;
  double truth = 0;
  for (int i = 0; i < 400; ++i) {
    const double speed = std::max(std::normal_distribution(1.0, 0.25)(random), 0.1);
    const double starts = std::round(speed * 2e6 / (kGrowth + kHit));
    const double outside = 100e6;
    estimator.add({.starts = static_cast<std::uint64_t>(starts),
                   .hits = starts,
                   .cpu_ns = 2e6,
                   .stands_for_cpu_ns = 2e6 + outside,
                   .weight = 50},
                  {.ns = kHit, .error_ns = 50});
    truth += starts + outside / kGrowth;
  }
  EXPECT_NEAR(estimator.total().value / truth, 1, 0.05);
}

// Growths come in bursts, in which hits take two thirds of the time.
TEST(GrowthEstimate, DoesNotMissBursts) {
  constexpr double kGrowth = 1000;
  constexpr double kHit = 2000;
  GrowthEstimator estimator;
  double truth = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool burst = i % 10 == 0;
    const double starts = burst ? 1000 : 0;
    estimator.add({.starts = static_cast<std::uint64_t>(starts),
                   .hits = starts,
                   .cpu_ns = 3e6,
                   .stands_for_cpu_ns = 100e6,
                   .weight = 100.0 / 3},
                  {.ns = kHit, .error_ns = 50});
    if (burst) truth += (100e6 - 1000 * kHit) / kGrowth;
  }
  EXPECT_NEAR(estimator.total().value / truth, 1, 0.05);
}

}  // namespace
}  // namespace gomapd::model
