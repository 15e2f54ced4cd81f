// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/price.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {
namespace {

// A growth is hit where it begins and where it ends.
constexpr double kHitsAGrowth = 2;
// With nothing seen, up to three may have been missed: exp(-3) is 5 %.
constexpr double kRuleOfThree = 3;

// A number and its relative error.
struct Uncertain {
  double value = 0;
  std::optional<double> error;
};

// `per_ns`: hits by ns of the program's own.
LevelPrice level(const Uncertain& per_ns, const ProbeCost& hit, double own_ns_per_second) {
  const double slower = per_ns.value * hit.ns;
  LevelPrice price{.hits_per_second = per_ns.value * own_ns_per_second,
                   .overhead = slower / (1 + slower),
                   .error = std::nullopt};
  // d(s / (1 + s)) = ds / (1 + s)^2
  if (per_ns.error && hit.ns > 0)
    price.error =
        std::hypot(*per_ns.error, hit.error_ns / hit.ns) * slower / ((1 + slower) * (1 + slower));
  return price;
}

}  // namespace

Price price_of(const PriceSample& sample) {
  Price price;
  if (sample.seconds <= 0) return price;
  price.cpus = sample.cpu_ns / sample.seconds / 1e9;
  const double own_ns = std::max(sample.cpu_ns - sample.probe_ns, 0.0);
  if (own_ns <= 0) return price;
  Uncertain growths;  // by ns of its own
  if (sample.starts > 0) {
    growths.value = sample.growths / own_ns;
    if (sample.growths_error && sample.growths > 0)
      growths.error = std::hypot(*sample.growths_error / sample.growths,
                                 1 / std::sqrt(static_cast<double>(sample.starts)));
  } else if (sample.window_cpu_ns > 0) {
    price.is_at_most = true;
    growths.value = kRuleOfThree / sample.window_cpu_ns;
  }
  const double own_ns_per_second = own_ns / sample.seconds;
  price.growths_per_second = growths.value * own_ns_per_second;
  if (growths.error) price.growths_error = *growths.error * price.growths_per_second;

  auto hits = growths;
  hits.value *= kHitsAGrowth;
  price.growth = level(hits, sample.hit, own_ns_per_second);
  if (sample.described > 0) {
    const double mean = sample.buckets / sample.described;
    const double variance =
        std::max(sample.buckets_squared / sample.described - mean * mean, 0.0) / sample.described;
    hits.value = growths.value * (kHitsAGrowth + mean);
    if (hits.error)
      hits.error = std::hypot(*hits.error, std::sqrt(variance) / (kHitsAGrowth + mean));
  }
  price.buckets = level(hits, sample.hit, own_ns_per_second);
  return price;
}

}  // namespace gomapd::model
