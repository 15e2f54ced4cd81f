// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

namespace gomapd::model {

struct StormRules {
  double floor = 1000;        // growths a second below which nothing is a storm
  double ratio = 5;           // times the workload's usual rate, above which it is
  double ends_below = 0.5;    // of the rate at which it would begin
  double begins_after_s = 3;  // of being above
  double ends_after_s = 15;   // of being below
  double warm_up_s = 60;      // for so long a workload is new
};

// Tells when a workload's maps grow far more often than its own past has it. The usual
// rate is an exponential mean over some ten minutes; it is at rest during a storm, but
// for slowly coming to terms with one that does not end. A workload that is new has no
// past: what it does while it warms up is its usual. Pure.
class Storm {
 public:
  enum class Change : std::uint8_t { kNone, kBegan, kEnded };

  // The workload grew at `rate` a second for the last `seconds`.
  Change update(double rate, double seconds, const StormRules& rules);

  [[nodiscard]] bool is_on() const { return is_on_; }
  [[nodiscard]] double usual_rate() const { return usual_; }

 private:
  double usual_ = 0;
  double age_s_ = 0;
  double beyond_s_ = 0;  // how long the rate has called for a change
  bool is_on_ = false;
};

}  // namespace gomapd::model
