// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/model/assign.h"

namespace gomapd::model {

// A window in which one process's growths were counted as they began.
struct GrowthWindow {
  std::uint64_t starts = 0;
  double cpu_ns = 0;  // that the process used in it
  // That it used since the window before, this one included; and how many hits, in
  // the window and around it, are part of that.
  double stands_for_cpu_ns = 0;
  double hits_around = 0;
};

// How many growths of one process windows stand for. A program grows maps as it
// runs, so a window stands for CPU time, not for time: that is measured exactly,
// also between windows. What the probes took of it is taken off, by a hit's cost,
// or a program that is slowed down by them would seem to do less than it does.
// Pure.
class GrowthEstimator {
 public:
  explicit GrowthEstimator(const ProbeCost& cost) : cost_(cost) {}

  // Returns the growths that this window stands for.
  double add(const GrowthWindow& window);
  // What has run since the last window and will have none: at the last one's rate.
  double add_rest(double cpu_ns);

  // So far. The error is that of a cluster sample, for windows differ, and what the
  // cost of a hit leaves uncertain; unknown from a few windows.
  [[nodiscard]] Estimate total() const;

 private:
  ProbeCost cost_;
  double windows_ = 0;
  double rate_ = 0;  // growths by ns of its own CPU time, in the last window
  // Sums over windows of growths that they stand for (x) and own CPU time (t).
  double x_ = 0;
  double xx_ = 0;
  double xt_ = 0;
  double t_ = 0;
  double tt_ = 0;
  double cost_error_ = 0;
  bool at_least_ = false;
};

}  // namespace gomapd::model
