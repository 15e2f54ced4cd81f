// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/model/assign.h"

namespace gomapd::model {

// A window in which one process's growths were counted as they began.
struct GrowthWindow {
  std::uint64_t starts = 0;
  double hits = 0;    // starts, and whatever else was hit by what it costs of a start's
  double cpu_ns = 0;  // that the process used in it
  // That it used since the window before, this one included; and how many hits, in
  // the window and around it, are part of that.
  double stands_for_cpu_ns = 0;
  double hits_around = 0;
  // The time since the window before ÷ the time for which this one was open.
  double weight = 1;
};

// How many growths of one process windows stand for. A program grows maps as it
// runs, so a window stands for CPU time, not for time: that is measured exactly,
// also between windows. What the probes took of it is taken off, by a hit's cost,
// or a program that is slowed down by them would seem to do less than it does.
//
// Windows are put together before growths are divided by the time that is left: what
// a machine does in a millisecond of CPU time varies by a quarter and more, and the
// mean of quotients by what varies so is too high. A window in which growths are dense
// is slowed down more than others and so has less in it: it gets the more weight, as
// far as it differs from the others by more than that.
//
// What a hit costs is known better the longer it lasts: the windows are kept, at most
// kKept, and seen anew. Pure.
class GrowthEstimator {
 public:
  static constexpr std::size_t kKept = 128;

  // Each returns by how many growths the total has risen. It never falls: what turns
  // out to have been too much is taken off the next ones. `cost`: of a start's hit, as
  // far as is known by now.
  double add(const GrowthWindow& window, const ProbeCost& cost);
  // What has run since the last window and will have none: at the last ones' rate.
  double add_rest(double cpu_ns);

  // So far. The error is that of a cluster sample, for windows differ, and what the
  // cost of a hit leaves uncertain; unknown from a few windows.
  [[nodiscard]] Estimate total() const;

 private:
  // Of windows that were put together.
  struct Sums {
    double windows = 0;
    double growths = 0;
    double rate = 0;  // growths by ns of its own CPU time, in the last ones
    double variance = 0;
    double cost_error = 0;
    bool at_least = false;

    void add(std::span<const GrowthWindow> windows, const ProbeCost& cost);
  };
  [[nodiscard]] Sums sums() const;
  double tell();

  ProbeCost cost_;
  Sums old_;                          // of windows that are not kept any more
  std::vector<GrowthWindow> recent_;  // oldest first
  double rest_ns_ = 0;                // without a window
  double told_ = 0;
};

}  // namespace gomapd::model
