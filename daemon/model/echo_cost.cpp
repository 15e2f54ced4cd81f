// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/echo_cost.h"

#include <algorithm>

namespace gomapd::model {
namespace {

// Fewer tell nothing.
constexpr double kFewEchoes = 100;
// Of kEchoOfStart.
constexpr double kRelativeError = 0.05;
// Of what earlier windows say, with each window more: as many matter as growths are
// estimated from together (GrowthEstimator::kKept), of which one in kEvery has echoes.
constexpr double kStays = 0.95;
constexpr std::uint32_t kEvery = 4;
// Until so many are known, every second window has them.
constexpr double kEnoughEchoes = 2000;

}  // namespace

void EchoCost::add(std::uint64_t echoes, double ns) {
  if (echoes == 0) return;
  echoes_ = echoes_ * kStays + static_cast<double>(echoes);
  ns_ = ns_ * kStays + std::max(ns, 0.0);
}

ProbeCost EchoCost::cost() const {
  if (echoes_ < kFewEchoes) return before_;
  const double ns = ns_ / echoes_ / kEchoOfStart;
  return {.ns = ns, .error_ns = kRelativeError * ns};
}

bool EchoCost::wants_echoes() {
  if (++since_ < (echoes_ < kEnoughEchoes ? 2 : kEvery)) return false;
  since_ = 0;
  return true;
}

}  // namespace gomapd::model
