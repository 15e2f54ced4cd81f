// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/probe_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace gomapd::model {
namespace {

constexpr double kHitCost = 1000;  // ns
constexpr double kSecond = 1e9;
constexpr double kShortestPauseNs = ProbeBudget::kShortestPause * ProbeBudget::kPeriodNs;

// A process whose clock we turn: how many CPUs it keeps busy at a time, and how
// often it hits per ns while probes are in. Probes take 4 ms to come and go.
struct Simulated {
  std::function<double(double)> cpus;
  std::function<double(double)> hits_per_ns;
  static constexpr double kAroundNs = 4e6;

  double now = 0;
  double cpu_ns = 0;
  std::uint64_t windows = 0;
  double longest_window_ns = 0;
  double last_looked = 0;

  double pass(double ns) {
    const double used = cpus(now) * ns;
    now += ns;
    cpu_ns += used;
    return used;
  }

  // As AssignWindows does; returns the probe time that was spent.
  double run(ProbeBudget& budget, double until_ns) {
    double used = 0;
    while (now < until_ns) {
      budget.earn(used, now - last_looked);
      last_looked = now;
      const auto plan = budget.plan();
      if (plan.pause_ns > 0) {
        used = pass(plan.pause_ns);
        continue;
      }
      const double rate = hits_per_ns(now);
      double open = plan.window_ns;
      if (rate > 0) open = std::min(open, 1e6 + static_cast<double>(plan.max_hits) / rate);
      used = pass(open + kAroundNs);
      budget.spend(static_cast<std::uint64_t>(rate * open), open,
                   static_cast<std::uint64_t>(rate * kAroundNs));
      longest_window_ns = std::max(longest_window_ns, open);
      ++windows;
    }
    return budget.spent_ns();
  }
};

double always(double value, double /*now*/) {
  return value;
}

Simulated steady(double cpus, double hits_per_ns) {
  return {.cpus = std::bind_front(always, cpus),
          .hits_per_ns = std::bind_front(always, hits_per_ns)};
}

TEST(ProbeBudget, BeginsWithTheShortestWindow) {
  const ProbeBudget budget(0.01, kHitCost);
  EXPECT_EQ(budget.plan().pause_ns, 0);
  EXPECT_EQ(budget.plan().window_ns, ProbeBudget::kShortestWindowNs);
}

TEST(ProbeBudget, KeepsWindowsApart) {
  ProbeBudget budget(0.01, kHitCost);
  budget.spend(0, 1e6, 0);
  EXPECT_EQ(budget.plan().pause_ns, kShortestPauseNs);
  budget.earn(0, 60e6);
  EXPECT_EQ(budget.plan().pause_ns, kShortestPauseNs - 60e6);
}

TEST(ProbeBudget, DoublesWindowsThatCostNothing) {
  ProbeBudget budget(0.01, kHitCost);
  budget.spend(0, 1e6, 0);
  budget.earn(0, kSecond);
  EXPECT_EQ(budget.plan().window_ns, 2e6);
  budget.spend(0, 80e6, 0);
  budget.earn(0, kSecond);
  EXPECT_EQ(budget.plan().window_ns, ProbeBudget::kLongestWindowNs);
}

TEST(ProbeBudget, StaysWithinItsShareOfABusyProcess) {
  ProbeBudget budget(0.01, kHitCost);
  auto process = steady(1, 1e-3);  // nothing but hits
  const double spent = process.run(budget, 60 * kSecond);
  EXPECT_LE(spent, 0.0105 * process.cpu_ns);
  EXPECT_GE(spent, 0.0085 * process.cpu_ns);
  EXPECT_GE(process.windows, 60U);
}

TEST(ProbeBudget, StaysWithinATinyShareToo) {
  ProbeBudget budget(0.0001, kHitCost);
  auto process = steady(1, 1e-3);
  const double spent = process.run(budget, 1000 * kSecond);
  EXPECT_LE(spent, 0.00011 * process.cpu_ns);
  EXPECT_GE(process.windows, 10U);  // it saves up for the shortest
}

TEST(ProbeBudget, MayUseLongWindowsWhereHitsAreRare) {
  ProbeBudget budget(0.01, kHitCost);
  auto process = steady(1, 1e-6);  // a thousand a second
  const double spent = process.run(budget, 20 * kSecond);
  EXPECT_LE(spent, 0.01 * process.cpu_ns);
  EXPECT_EQ(process.longest_window_ns, ProbeBudget::kLongestWindowNs);
}

TEST(ProbeBudget, WaitsForAProcessThatOwesAndSleeps) {
  ProbeBudget budget(0.01, kHitCost);
  budget.spend(1000, 1e6, 4000);
  for (int i = 0; i < 100; ++i) {
    budget.earn(0, kSecond);
    EXPECT_EQ(budget.plan().pause_ns, ProbeBudget::kLongestPauseNs);
  }
}

TEST(ProbeBudget, ClosesAWindowEarlyWhenItTurnsHot) {
  ProbeBudget budget(0.01, kHitCost);
  const auto hot_after_a_minute = [](double now) { return now < 60 * kSecond ? 0 : 4e-3; };
  Simulated process{.cpus = std::bind_front(always, 4.0), .hits_per_ns = hot_after_a_minute};
  (void)process.run(budget, 60 * kSecond);
  EXPECT_EQ(budget.spent_ns(), 0);
  const double before = process.cpu_ns;
  (void)process.run(budget, 60 * kSecond + 1);
  // Not the hundred milliseconds of four CPUs that it had planned.
  EXPECT_LE(budget.spent_ns(), 70e6);
  const double spent = process.run(budget, 180 * kSecond);
  EXPECT_LE(spent, 0.0105 * (process.cpu_ns - before));
}

TEST(ProbeBudget, ForfeitsWhatAQuietTimeHasEarned) {
  ProbeBudget budget(0.01, kHitCost);
  const auto hot_after_an_hour = [](double now) { return now < 3600 * kSecond ? 0 : 1e-3; };
  Simulated process{.cpus = std::bind_front(always, 1.0), .hits_per_ns = hot_after_an_hour};
  (void)process.run(budget, 3600 * kSecond);
  const double before = process.cpu_ns;
  const double spent = process.run(budget, 3610 * kSecond);
  EXPECT_LE(spent, 0.01 * (process.cpu_ns - before) + 30e6);
}

TEST(ProbeBudget, TakesNonsenseCalmly) {
  ProbeBudget budget(1, kHitCost);
  budget.earn(-5, 0);
  budget.earn(-5, -1);
  budget.spend(0, 0, 0);
  budget.earn(1e6, 1e9);
  EXPECT_EQ(budget.plan().pause_ns, 0);
  EXPECT_EQ(budget.plan().window_ns, ProbeBudget::kShortestWindowNs);
}

}  // namespace
}  // namespace gomapd::model
