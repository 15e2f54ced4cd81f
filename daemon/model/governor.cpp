// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/governor.h"

#include <algorithm>

namespace gomapd::model {
namespace {

// Of what it may cost, that a level is worth coming back for.
constexpr double kCheap = 0.5;

ProbeLevel below(ProbeLevel level) {
  return level == ProbeLevel::kBuckets ? ProbeLevel::kGrowth : ProbeLevel::kSampled;
}
ProbeLevel above(ProbeLevel level) {
  return level == ProbeLevel::kSampled ? ProbeLevel::kGrowth : ProbeLevel::kBuckets;
}

}  // namespace

Governor::Governor(const GovernorRules& rules, ProbeLevel wanted)
    : rules_(rules),
      wanted_(wanted),
      level_(wanted),
      balance_ns_(most_saved_ns(1)),
      up_after_s_(rules.up_after_s) {}

double Governor::most_saved_ns(double cpus) const {
  return rules_.max_overhead * rules_.saved_for_s * 1e9 * std::max(cpus, 1.0);
}

void Governor::stay_at(ProbeLevel level) {
  level_ = level;
  came_up_ = false;
  cheap_s_ = stayed_s_ = 0;
}

ProbeLevel Governor::advance(const Use& use) {
  if (use.seconds <= 0) return level_;
  const double earned = rules_.max_overhead * use.cpu_ns;
  const double cpus = use.cpu_ns / (use.seconds * 1e9);
  balance_ns_ = std::min(balance_ns_ + earned - use.probe_ns, most_saved_ns(cpus));
  stayed_s_ += use.seconds;
  if (balance_ns_ < 0 && level_ > rules_.lowest) {
    // If it came up too early, it waits longer the next time.
    const bool too_early = came_up_ && stayed_s_ < up_after_s_;
    up_after_s_ =
        too_early ? std::min(2 * up_after_s_, rules_.up_after_at_most_s) : rules_.up_after_s;
    level_ = below(level_);
    came_up_ = false;
    cheap_s_ = stayed_s_ = 0;
    return level_;
  }
  if (level_ == wanted_) return level_;
  const bool is_cheap = use.higher_ns <= kCheap * earned;
  cheap_s_ = is_cheap ? cheap_s_ + use.seconds : 0;
  if (cheap_s_ >= up_after_s_) {
    level_ = above(level_);
    came_up_ = true;
    // One that sleeps could never pay its debt.
    balance_ns_ = std::max(balance_ns_, 0.0);
    cheap_s_ = stayed_s_ = 0;
  }
  return level_;
}

}  // namespace gomapd::model
