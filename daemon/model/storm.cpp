// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/storm.h"

#include <algorithm>

namespace gomapd::model {
namespace {

constexpr double kMemoryS = 600;
constexpr double kMemoryInStormS = 7200;

}  // namespace

Storm::Change Storm::update(double rate, double seconds, const StormRules& rules) {
  if (seconds <= 0) return Change::kNone;
  const double begins_at = std::max(rules.floor, rules.ratio * usual_);
  const bool is_beyond =
      is_on_ ? rate < begins_at * rules.ends_below : age_s_ >= rules.warm_up_s && rate > begins_at;
  beyond_s_ = is_beyond ? beyond_s_ + seconds : 0;
  age_s_ += seconds;
  // The mean of all of it while it is young. What may be a storm's beginning is not
  // usual yet.
  if (is_on_ || !is_beyond) {
    const double memory = is_on_ ? kMemoryInStormS : std::min(age_s_, kMemoryS);
    usual_ += (rate - usual_) * std::min(1.0, seconds / memory);
  }
  if (beyond_s_ < (is_on_ ? rules.ends_after_s : rules.begins_after_s)) return Change::kNone;
  beyond_s_ = 0;
  is_on_ = !is_on_;
  return is_on_ ? Change::kBegan : Change::kEnded;
}

}  // namespace gomapd::model
