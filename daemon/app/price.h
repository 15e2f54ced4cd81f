// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "daemon/export/price.h"
#include "probes/base/result.h"

namespace gomapd::app {

struct PriceOptions {
  static constexpr std::chrono::seconds kDuration{3};

  std::vector<pid_t> pids;
  std::chrono::nanoseconds duration = kDuration;
  // Of each process's CPU time: what the sample may take, and what the answer is
  // compared with.
  double max_overhead = 0.01;
  bool force_perf_uprobes = false;
};

// Samples what `pids` do for a while, and tells what tracing each would cost it. One
// that ends meanwhile is told by what was seen until then; kGone when there was
// nothing to see.
[[nodiscard]] Result<std::vector<exporter::ProcessPrice>> sample_prices(
    const PriceOptions& options);

// `trace --dry-run`: prints them, as JSON Lines or for people.
[[nodiscard]] Result<void> print_prices(const PriceOptions& options, bool json);

}  // namespace gomapd::app
