// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/plan/catalogue.h"

namespace gomapd::app {

struct TraceOptions {
  std::vector<pid_t> pids;           // either these …
  std::vector<std::string> command;  // … or this, to be started
  std::optional<std::chrono::nanoseconds> duration;
  Detail detail = Detail::kGrowth;
  bool json = false;
  std::string output_path;  // empty: standard output
  std::uint32_t ring_bytes = 8U << 20U;
  bool force_perf_uprobes = false;
};

// Traces until the duration is over, the last process has gone, or SIGINT or
// SIGTERM comes; then writes the report. A command that was started here and
// still runs at the end is ended with SIGTERM, then SIGKILL.
[[nodiscard]] Result<void> trace(const TraceOptions& options);

}  // namespace gomapd::app
