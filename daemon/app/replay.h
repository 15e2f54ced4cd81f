// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/app/trace_sink.h"
#include "probes/base/bytes.h"

namespace gomapd::app {

struct ReplayResult {
  bool truncated = false;            // the recording has no end
  std::vector<std::string> missing;  // all that is, in words; also in the report
};

// Tells the sinks what a recording holds, as the trace did: begin, processes and
// growths in their order, finish with the report of the trace's end, or the last
// one that was recorded. No state() in between. kSystem when the bytes are no
// recording, or of a version that can't be read; else an error of a sink. What
// events and report point to lives until this returns.
[[nodiscard]] Result<ReplayResult> replay(Bytes recording, std::span<TraceSink* const> sinks);

// Whether replay() would take these bytes.
[[nodiscard]] Result<void> check_recording(Bytes recording);

}  // namespace gomapd::app
