// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "daemon/app/profile_output.h"
#include "daemon/app/trace_sink.h"
#include "probes/base/result.h"
#include "probes/plan/catalogue.h"

namespace gomapd::app {

struct TraceOptions {
  std::vector<pid_t> pids;           // either these …
  std::vector<std::string> command;  // … or this, to be started
  std::optional<std::chrono::nanoseconds> duration;
  Detail detail = Detail::kGrowth;
  double max_overhead = 0.01;  // of each process's CPU time; at Detail::kAssign
  // At the other levels, too: growths are sampled where counting all costs more.
  // Otherwise each is counted, whatever that costs.
  bool is_bounded = false;
  // Where a started command's standard output goes: not where the result goes.
  bool command_output_to_stderr = false;
  std::uint32_t ring_bytes = 8U << 20U;
  bool force_perf_uprobes = false;
  symbol::RuntimeFrames runtime_frames = symbol::RuntimeFrames::kFold;
};

// Traces until the duration is over, the last process has gone, SIGINT or
// SIGTERM comes, or a sink takes no more; every sink then gets the report. A
// command that was started here and still runs at the end is ended with SIGTERM,
// then SIGKILL. Borrows the sinks. An error of a sink comes back when all have
// finished.
[[nodiscard]] Result<void> run_trace(const TraceOptions& options,
                                     std::span<TraceSink* const> sinks);

struct TraceResult {
  bool json = false;
  // Addresses of the maps whose life is told; empty: of all.
  std::optional<std::set<std::uint64_t>> lives;
  std::string path;  // empty: standard output
  ProfileOptions profiles;
};
// The command `trace`: a trace with its outputs.
[[nodiscard]] Result<void> trace(TraceOptions options, const TraceResult& result);

}  // namespace gomapd::app
