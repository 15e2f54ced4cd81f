// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

namespace gomapd::model {

// What is probed of a program, from little to much.
enum class ProbeLevel : std::uint8_t {
  kSampled,  // starts of growths, in windows
  kGrowth,   // every growth
  kBuckets,  // every bucket that moves, too
};

struct GovernorRules {
  double max_overhead = 0.01;  // share of the program's CPU time that probes may take
  // What has not been spent for longer is forfeited; so much is there at the start,
  // for one CPU: a burst that is shorter is counted exactly.
  double saved_for_s = 15;
  // A higher level comes back after it would have cost less than half of what it may
  // for so long; for twice as long each time that it had to go again. What is owed
  // then is forgiven: what one step was late, once in so long.
  double up_after_s = 30;
  double up_after_at_most_s = 1800;
  ProbeLevel lowest = ProbeLevel::kSampled;
};

// Keeps what probes cost a program within a share of its CPU time: a program that
// has spent more than it earned goes down a level. Pure; times in ns.
class Governor {
 public:
  Governor(const GovernorRules& rules, ProbeLevel wanted);

  struct Use {
    double probe_ns = 0;   // in probes, at the present level
    double cpu_ns = 0;     // of the program, time in probes included
    double higher_ns = 0;  // what the probes of the level above would have taken
    double seconds = 0;    // in which all this was
  };
  // Returns the level from now on.
  ProbeLevel advance(const Use& use);

  // What advance() said could not be done.
  void stay_at(ProbeLevel level);

  [[nodiscard]] ProbeLevel level() const { return level_; }
  // Earned less spent: below 0 there is a debt.
  [[nodiscard]] double balance_ns() const { return balance_ns_; }

 private:
  [[nodiscard]] double most_saved_ns(double cpus) const;

  GovernorRules rules_;
  ProbeLevel wanted_;
  ProbeLevel level_;
  double balance_ns_;
  double cheap_s_ = 0;     // how long the level above would have been cheap
  double up_after_s_ = 0;  // how long that must be
  double stayed_s_ = 0;    // on this level
  bool came_up_ = false;   // to it
};

}  // namespace gomapd::model
