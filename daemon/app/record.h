// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
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

// Whether the file at `path` begins as recordings do.
[[nodiscard]] bool is_recording(const std::string& path);

// Tells the sinks what the recording at `path` holds; what is missing in it is
// told on standard error, too.
[[nodiscard]] Result<void> replay_file(const std::string& path, std::span<TraceSink* const> sinks);

// The command `report`: what a recording holds, as `trace` would have told it.
[[nodiscard]] Result<void> report(const std::string& recording, const TraceResult& result);

}  // namespace gomapd::app
