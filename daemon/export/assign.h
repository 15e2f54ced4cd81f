// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/model/assign.h"

namespace gomapd::exporter {

// What the end of a trace says of map assignments.
struct AssignReport {
  model::AssignSummary summary;
  double hit_ns = 0;  // what a hit was taken to cost
  double hit_error_ns = 0;
  bool hit_measured = false;
  double max_overhead = 0;                           // as a share of CPU time
  double probe_ns = 0;                               // hits times their cost
  double cpu_ns = 0;                                 // of the processes meanwhile
  std::string failure;                               // why windows ended early, else empty
  std::array<std::uint64_t, GM_STAT_COUNT> stats{};  // of the assign programs
};

// One JSON line for each map and place of the window, each with its newline.
[[nodiscard]] std::string assign_samples_json(const model::AssignWindow& window,
                                              std::uint64_t time_ns);

// The section of the text report. Ends with a newline.
[[nodiscard]] std::string assign_text(const AssignReport& report, std::size_t width);

}  // namespace gomapd::exporter
