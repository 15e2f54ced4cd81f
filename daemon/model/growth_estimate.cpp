// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth_estimate.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace gomapd::model {
namespace {

// Fewer windows than this may be alike by chance: their spread tells nothing.
constexpr double kFewWindows = 5;
// What is left of a window must be so many times the error of what was taken off.
constexpr double kTellable = 2;

}  // namespace

void GrowthEstimator::Sums::add(const GrowthWindow& window, const ProbeCost& cost) {
  const auto starts = static_cast<double>(window.starts);
  const auto hits = static_cast<double>(window.hits);
  const double uncertain = hits * cost.error_ns;
  const double left = window.cpu_ns - hits * cost.ns;
  const double own = std::max({left, kTellable * uncertain, 1.0});
  const bool is_bound = starts > 0 && left < own;
  at_least = at_least || is_bound;
  rate = starts / own;
  const double stands_for =
      std::max(window.stands_for_cpu_ns - window.cpu_ns - window.hits_around * cost.ns, 0.0) + own;
  const double growths = rate * stands_for;
  windows += 1;
  x += growths;
  xx += growths * growths;
  xt += growths * stands_for;
  t += stands_for;
  tt += stands_for * stands_for;
  // Of one in which nothing but hits is left, nobody knows how much more.
  cost_error += is_bound ? growths : growths * uncertain / own;
}

GrowthEstimator::Sums GrowthEstimator::sums() const {
  auto sums = old_;
  for (const auto& window : recent_) sums.add(window, cost_);
  sums.x += sums.rate * rest_ns_;
  sums.t += rest_ns_;
  return sums;
}

double GrowthEstimator::tell() {
  const double more = std::max(sums().x - told_, 0.0);
  told_ += more;
  return more;
}

double GrowthEstimator::add(const GrowthWindow& window, const ProbeCost& cost) {
  cost_ = cost;
  if (recent_.size() == kKept) {
    old_.add(recent_.front(), cost_);
    recent_.erase(recent_.begin());
  }
  recent_.push_back(window);
  return tell();
}

double GrowthEstimator::add_rest(double cpu_ns) {
  rest_ns_ += std::max(cpu_ns, 0.0);
  return tell();
}

Estimate GrowthEstimator::total() const {
  const auto sums = this->sums();
  Estimate total{.value = sums.x, .error = std::nullopt, .at_least = sums.at_least};
  if (sums.windows < kFewWindows || sums.t <= 0) return total;
  const double rate = sums.x / sums.t;
  const double squares = std::max(sums.xx - 2 * rate * sums.xt + rate * rate * sums.tt, 0.0);
  const double spread = std::sqrt(squares * sums.windows / (sums.windows - 1));
  total.error = std::hypot(spread, sums.cost_error, std::max(told_ - sums.x, 0.0));
  return total;
}

}  // namespace gomapd::model
