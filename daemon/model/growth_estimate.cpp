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
// What is left of windows must be so many times the error of what was taken off.
constexpr double kTellable = 2;
// One alone may have less than nothing left: no less than this of its CPU time.
constexpr double kLeastLeft = 0.1;
// By how much windows of one and the same work differ, by their CPU time for each growth:
// 0.25 to 0.38 was measured of loops that build maps, on two virtual CPUs.
constexpr double kUsualSpread = 0.4;

double left_of(const GrowthWindow& window, const ProbeCost& cost) {
  return window.cpu_ns - window.hits * cost.ns;
}

// Growths by ns, as this window alone has them.
double rate_of(const GrowthWindow& window, const ProbeCost& cost) {
  const double left = std::max({left_of(window, cost), kLeastLeft * window.cpu_ns, 1.0});
  return static_cast<double>(window.starts) / left;
}

// Sums over windows, each times its weight.
struct Weighed {
  double starts = 0;
  double hits = 0;
  double cpu_ns = 0;
  double left_ns = 0;

  void add(const GrowthWindow& window, const ProbeCost& cost, double weight) {
    starts += weight * static_cast<double>(window.starts);
    hits += weight * window.hits;
    cpu_ns += weight * window.cpu_ns;
    left_ns += weight * left_of(window, cost);
  }
};

// How much of what a window differs by is its own: 0 where all may be the machine's.
double own_share(std::span<const GrowthWindow> windows, const ProbeCost& cost, const Weighed& all) {
  const auto count = static_cast<double>(windows.size());
  double sum = 0;
  double squares = 0;
  for (const auto& window : windows) {
    const double rate = rate_of(window, cost);
    sum += rate;
    squares += rate * rate;
  }
  const double mean = sum / count;
  if (mean <= 0 || all.left_ns <= 0) return 1;
  const double spread = squares / count / (mean * mean) - 1;
  // What the machine does to all of a window is in what is left of it.
  const double usual = kUsualSpread * all.cpu_ns / all.left_ns;
  return spread > 0 ? std::max(1 - usual * usual / spread, 0.0) : 0;
}

// By how much its own hits slowed the program down, at its rate of growths.
double slower(const GrowthWindow& window, const ProbeCost& cost, double rate) {
  if (window.starts == 0) return 1;
  return 1 + window.hits / static_cast<double>(window.starts) * cost.ns * std::max(rate, 0.0);
}

}  // namespace

void GrowthEstimator::Sums::add(std::span<const GrowthWindow> added, const ProbeCost& cost) {
  if (added.empty()) return;
  Weighed alike;
  for (const auto& window : added) alike.add(window, cost, window.weight);
  const double share = own_share(added, cost, alike);
  const double mean = alike.left_ns > 0 ? alike.starts / alike.left_ns : 0;
  const auto weight = [&](const GrowthWindow& window) {
    return window.weight * slower(window, cost, mean + share * (rate_of(window, cost) - mean));
  };
  Weighed all;
  double stands_for = 0;
  for (const auto& window : added) {
    all.add(window, cost, weight(window));
    stands_for +=
        std::max(window.stands_for_cpu_ns - window.cpu_ns - window.hits_around * cost.ns, 0.0) +
        std::max(left_of(window, cost), 0.0);
  }
  const double uncertain = all.hits * cost.error_ns;
  const double left = std::max({all.left_ns, kTellable * uncertain, 1.0});
  const bool is_bound = all.starts > 0 && all.left_ns < left;
  at_least = at_least || is_bound;
  rate = all.starts / left;
  growths += rate * stands_for;
  // Of windows in which nothing but hits is left, nobody knows how much more.
  cost_error += rate * stands_for * (is_bound ? 1 : uncertain / left);
  double squares = 0;
  for (const auto& window : added) {
    const double off =
        weight(window) * (static_cast<double>(window.starts) - rate * left_of(window, cost));
    squares += off * off;
  }
  const auto count = static_cast<double>(added.size());
  const double times = stands_for / left;
  variance += squares * times * times * (count > 1 ? count / (count - 1) : 1);
  windows += count;
}

GrowthEstimator::Sums GrowthEstimator::sums() const {
  auto sums = old_;
  sums.add(recent_, cost_);
  sums.growths += sums.rate * rest_ns_;
  return sums;
}

double GrowthEstimator::tell() {
  const double more = std::max(sums().growths - told_, 0.0);
  told_ += more;
  return more;
}

double GrowthEstimator::add(const GrowthWindow& window, const ProbeCost& cost) {
  cost_ = cost;
  if (recent_.size() == kKept) {
    constexpr auto kTogether = kKept / 2;
    old_.add(std::span(recent_).first(kTogether), cost_);
    recent_.erase(recent_.begin(), recent_.begin() + kTogether);
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
  Estimate total{.value = sums.growths, .error = std::nullopt, .at_least = sums.at_least};
  if (sums.windows < kFewWindows) return total;
  total.error =
      std::hypot(std::sqrt(sums.variance), sums.cost_error, std::max(told_ - sums.growths, 0.0));
  return total;
}

}  // namespace gomapd::model
