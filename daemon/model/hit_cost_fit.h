// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/assign.h"

namespace gomapd::model {

// What a hit at a growth's end costs of one at its start, in windows: 0.77 to 0.83 was
// measured of Go 1.23 and Go 1.26. The kernel emulates a push there and a jump here, and a
// start is described now and then.
inline constexpr double kEndOfStart = 0.8;

// What a hit costs one program, told by the program itself: its caches are not those
// of a measurement elsewhere. In some windows a growth takes one hit, in others two.
// With G ns of the program's own for each growth and h for each hit, a window takes
// growths * G + hits * h: two unknowns, and two kinds of windows. Pure.
class HitCostFit {
 public:
  // `before`: what is believed before any window. It counts as what it says of its
  // own error, and so for less and less.
  explicit HitCostFit(const ProbeCost& before) : before_(before) {}

  struct Window {
    double growths = 0;  // that began
    double hits = 0;     // by what they cost of a start's
    double cpu_ns = 0;
  };
  void add(const Window& window, bool with_ends) { (with_ends ? both_ : starts_).add(window); }

  // So far.
  [[nodiscard]] ProbeCost cost() const;
  // Whether the next window should have ends, too: while what is not known of a hit's
  // cost matters, every second one.
  [[nodiscard]] bool wants_ends() const;

 private:
  struct Sums {
    double windows = 0;
    double growths = 0;
    double hits = 0;
    double cpu_ns = 0;
    // Of products, for the residuals' squares.
    double gg = 0, hh = 0, cc = 0, gh = 0, gc = 0, hc = 0;

    void add(const Window& window);
    [[nodiscard]] double hits_a_growth() const { return hits / growths; }
    [[nodiscard]] double ns_a_growth() const { return cpu_ns / growths; }
    // Variance of ns_a_growth(), if a growth takes `own_ns` and a hit `hit_ns`.
    [[nodiscard]] double variance(double own_ns, double hit_ns) const;
  };

  ProbeCost before_;
  Sums starts_;
  Sums both_;
};

}  // namespace gomapd::model
