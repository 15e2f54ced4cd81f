// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/hit_cost_fit.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {
namespace {

// Fewer windows of a kind may be alike by chance: their spread tells nothing.
constexpr double kFewWindows = 5;
// Where ends bring fewer hits than this for each growth, they tell nothing.
constexpr double kFewEnds = 0.25;
// Of kEndOfStart.
constexpr double kLeastRelativeError = 0.05;
// What may be uncertain of the program's own time, for the hits' cost.
constexpr double kGoodEnough = 0.01;

}  // namespace

void HitCostFit::Sums::add(const Window& window) {
  if (window.growths <= 0 || window.cpu_ns <= 0) return;
  windows += 1;
  growths += window.growths;
  hits += window.hits;
  cpu_ns += window.cpu_ns;
  gg += window.growths * window.growths;
  hh += window.hits * window.hits;
  cc += window.cpu_ns * window.cpu_ns;
  gh += window.growths * window.hits;
  gc += window.growths * window.cpu_ns;
  hc += window.hits * window.cpu_ns;
}

double HitCostFit::Sums::variance(double own_ns, double hit_ns) const {
  const double squares = cc + own_ns * own_ns * gg + hit_ns * hit_ns * hh -
                         2 * (own_ns * gc + hit_ns * hc - own_ns * hit_ns * gh);
  return std::max(squares, 0.0) * windows / (windows - 1) / (growths * growths);
}

ProbeCost HitCostFit::cost() const {
  if (std::min(starts_.windows, both_.windows) < kFewWindows) return before_;
  const double more_hits = both_.hits_a_growth() - starts_.hits_a_growth();
  if (more_hits < kFewEnds) return before_;
  const double hit = (both_.ns_a_growth() - starts_.ns_a_growth()) / more_hits;
  const double own = starts_.ns_a_growth() - hit * starts_.hits_a_growth();
  const double error =
      std::hypot(std::sqrt(starts_.variance(own, hit) + both_.variance(own, hit)) / more_hits,
                 kLeastRelativeError * hit);
  const double weight_before = 1 / std::max(before_.error_ns * before_.error_ns, 1e-6);
  const double weight = 1 / std::max(error * error, 1e-6);
  return {.ns = (before_.ns * weight_before + hit * weight) / (weight_before + weight),
          .error_ns = 1 / std::sqrt(weight_before + weight)};
}

bool HitCostFit::wants_ends() const {
  const auto now = cost();
  const double hits = starts_.hits + both_.hits;
  const double own = std::max(starts_.cpu_ns + both_.cpu_ns - hits * now.ns, 0.0);
  return hits * now.error_ns > kGoodEnough * own && both_.windows < starts_.windows;
}

}  // namespace gomapd::model
