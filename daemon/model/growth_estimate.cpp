// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth_estimate.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {
namespace {

// Fewer windows than this may be alike by chance: their spread tells nothing.
constexpr double kFewWindows = 5;
// What is left of a window must be so many times the error of what was taken off.
constexpr double kTellable = 2;

}  // namespace

double GrowthEstimator::add(const GrowthWindow& window) {
  const auto starts = static_cast<double>(window.starts);
  const double probing = starts * cost_.ns;
  const double uncertain = starts * cost_.error_ns;
  const double left = window.cpu_ns - probing;
  const double own = std::max({left, kTellable * uncertain, 1.0});
  const bool is_bound = starts > 0 && left < own;
  at_least_ = at_least_ || is_bound;
  rate_ = starts / own;
  const double stands_for =
      std::max(window.stands_for_cpu_ns - window.cpu_ns - window.hits_around * cost_.ns, 0.0) + own;
  const double x = rate_ * stands_for;
  windows_ += 1;
  x_ += x;
  xx_ += x * x;
  xt_ += x * stands_for;
  t_ += stands_for;
  tt_ += stands_for * stands_for;
  // Of one in which nothing but hits is left, nobody knows how much more.
  cost_error_ += is_bound ? x : x * uncertain / own;
  return x;
}

double GrowthEstimator::add_rest(double cpu_ns) {
  const double x = rate_ * std::max(cpu_ns, 0.0);
  x_ += x;
  t_ += std::max(cpu_ns, 0.0);
  return x;
}

Estimate GrowthEstimator::total() const {
  Estimate total{.value = x_, .error = std::nullopt, .at_least = at_least_};
  if (windows_ < kFewWindows || t_ <= 0) return total;
  const double rate = x_ / t_;
  const double squares = std::max(xx_ - 2 * rate * xt_ + rate * rate * tt_, 0.0);
  const double spread = std::sqrt(squares * windows_ / (windows_ - 1));
  total.error = std::hypot(spread, cost_error_);
  return total;
}

}  // namespace gomapd::model
