// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/probe_budget.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {
namespace {

// What has not been spent for so many periods is forfeited, so that a process that
// was quiet for an hour does not pay for it in its first busy second.
constexpr double kSavedPeriods = 2;
// A window that costs less is not worth closing early.
constexpr double kLeastLimitNs = 1e6;

}  // namespace

void ProbeBudget::earn(double cpu_ns, double elapsed_ns) {
  if (elapsed_ns <= 0) return;
  cpu_ns = std::max(cpu_ns, 0.0);
  cpu_per_ns_ = cpu_ns / elapsed_ns;
  since_window_ns_ += elapsed_ns;
  // But it may always save up for the shortest window.
  const double most =
      std::max({balance_ns_, max_overhead_ * cpu_per_ns_ * kSavedPeriods * period_ns_,
                expected_cost_ns(kShortestWindowNs)});
  balance_ns_ = std::min(balance_ns_ + max_overhead_ * cpu_ns, most);
}

void ProbeBudget::spend(std::uint64_t hits_open, double open_ns, std::uint64_t hits_around) {
  const double cost = static_cast<double>(hits_open + hits_around) * hit_cost_ns_;
  spent_ns_ += cost;
  balance_ns_ -= cost;
  since_window_ns_ = 0;
  last_window_ns_ = open_ns;
  hits_around_ = static_cast<double>(hits_around);
  hits_per_ns_ = static_cast<double>(hits_open) / std::max(open_ns, 1.0);
}

double ProbeBudget::expected_cost_ns(double window_ns) const {
  return (hits_around_ + hits_per_ns_ * window_ns) * hit_cost_ns_;
}

ProbeBudget::Plan ProbeBudget::plan() const {
  const double shortest_pause_ns = kShortestPause * period_ns_;
  if (since_window_ns_ < shortest_pause_ns)
    return {.pause_ns = shortest_pause_ns - since_window_ns_};
  const double income_per_ns = max_overhead_ * cpu_per_ns_;
  const double goal_ns = income_per_ns * period_ns_;
  // Grows by doubling: what was quiet a moment ago may be hot now.
  double window_ns = std::clamp(2 * last_window_ns_, kShortestWindowNs, kLongestWindowNs);
  if (hits_per_ns_ > 0)
    window_ns = std::clamp((goal_ns / hit_cost_ns_ - hits_around_) / hits_per_ns_,
                           kShortestWindowNs, window_ns);
  const double missing_ns = expected_cost_ns(window_ns) - balance_ns_;
  if (missing_ns > 0) {
    const double pause_ns = income_per_ns > 0 ? missing_ns / income_per_ns : kLongestPauseNs;
    return {.pause_ns = std::clamp(pause_ns, kShortestWindowNs, kLongestPauseNs)};
  }
  const double limit_ns = std::max(2 * goal_ns, kLeastLimitNs);
  return {.window_ns = window_ns,
          .max_hits = static_cast<std::uint64_t>(std::ceil(limit_ns / hit_cost_ns_))};
}

}  // namespace gomapd::model
