// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "daemon/app/price.h"
#include "probes/base/result.h"

namespace gomapd::app {

struct InspectOptions {
  std::string path;          // of the file, or empty:
  std::optional<pid_t> pid;  // the executable of this process
  bool json = false;
  // Of a process: samples it for so long, and says what tracing it would cost.
  bool estimate = false;
  std::chrono::nanoseconds duration = PriceOptions::kDuration;
};

// Prints what is known of a Go binary. kUnsupported, after printing, when it
// can't be traced.
[[nodiscard]] Result<void> inspect(const InspectOptions& options);

}  // namespace gomapd::app
