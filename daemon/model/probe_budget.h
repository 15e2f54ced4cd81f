// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

namespace gomapd::model {

// Decides when the expensive probes of one process may be in, and for how long,
// so that what they cost it stays a given share of its own CPU time. The process
// earns probe time by running; windows spend it, in full before the next one.
// All times in ns. No clock of its own.
class ProbeBudget {
 public:
  // Until it is known how hot a process is. A window of it can cost at most as
  // much probe time on each CPU.
  static constexpr double kShortestWindowNs = 1e6;
  static constexpr double kLongestWindowNs = 100e6;
  // A window is meant to cost what is earned in this time: two a second.
  static constexpr double kPeriodNs = 500e6;
  // Windows are at least so much of it apart: putting probes in and out is not free.
  static constexpr double kShortestPause = 0.2;
  // After this a longer pause is thought over.
  static constexpr double kLongestPauseNs = 1e9;

  // `max_overhead`: share of the CPU time, such as 0.01.
  ProbeBudget(double max_overhead, double hit_cost_ns, double period_ns = kPeriodNs)
      : max_overhead_(max_overhead), hit_cost_ns_(hit_cost_ns), period_ns_(period_ns) {}

  // What is known of it by now.
  void set_hit_cost(double ns) { hit_cost_ns_ = ns; }

  // The process has run for `cpu_ns` in the last `elapsed_ns`.
  void earn(double cpu_ns, double elapsed_ns);

  // A window brought `hits_open` hits in the `open_ns` for which it was open, and
  // `hits_around` while its probes were on their way in and out.
  void spend(std::uint64_t hits_open, double open_ns, std::uint64_t hits_around);

  struct Plan {
    double pause_ns = 0;         // not 0: wait so long, then earn() and ask again
    double window_ns = 0;        // else: open a window for so long, …
    std::uint64_t max_hits = 0;  // … but close it once there are so many hits
  };
  [[nodiscard]] Plan plan() const;

  // Probe time so far.
  [[nodiscard]] double spent_ns() const { return spent_ns_; }

 private:
  [[nodiscard]] double expected_cost_ns(double window_ns) const;

  double max_overhead_;
  double hit_cost_ns_;
  double period_ns_;
  double spent_ns_ = 0;
  double balance_ns_ = 0;  // earned less spent; bounded above
  double cpu_per_ns_ = 0;  // CPUs that the process keeps busy
  double since_window_ns_ = kShortestPause * period_ns_;
  double last_window_ns_ = kShortestWindowNs / 2;
  double hits_per_ns_ = 0;  // of the last window
  double hits_around_ = 0;
};

}  // namespace gomapd::model
