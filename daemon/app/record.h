// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/app/recorder.h"
#include "daemon/app/trace.h"

namespace gomapd::app {

struct RecordResult {
  std::string path;
  Existing existing = Existing::kRefuse;
};
// The command `record`: a trace into a file.
[[nodiscard]] Result<void> record(const TraceOptions& options, const RecordResult& result);

// The command `report`: what a recording holds, as `trace` would have told it.
// What is missing in it is told on standard error, too.
[[nodiscard]] Result<void> report(const std::string& recording, const TraceResult& result);

}  // namespace gomapd::app
