// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "daemon/app/known_maps.h"
#include "daemon/export/snapshot.h"
#include "probes/base/result.h"
#include "probes/plan/catalogue.h"

namespace gomapd::app {

struct SnapshotOptions {
  pid_t pid = 0;
  std::chrono::nanoseconds duration{};  // of the trace that finds maps
  Detail detail = Detail::kGrowth;      // kAssign: finds those too that don't grow
  double max_overhead = 0.01;           // at kAssign, as TraceOptions has it
  bool json = false;
  std::string path;  // empty: standard output
};

// The command `snapshot`: traces, then reads the maps that were seen.
[[nodiscard]] Result<void> snapshot(const SnapshotOptions& options);

// Reads one map of a running process, without stopping it.
[[nodiscard]] model::Snapshot read_go_map(pid_t pid, const model::GoMapPlace& place,
                                          const model::SnapshotLimits& limits = {});

// Reads all known maps; what can't be read in 30 seconds is left.
[[nodiscard]] exporter::SnapshotReport read_known(pid_t pid, const KnownMaps& known);

}  // namespace gomapd::app
