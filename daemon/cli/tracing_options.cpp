// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/tracing_options.h"

#include <fmt/core.h>

#include "daemon/cli/duration.h"

namespace gomapd::cli {

void TracingOptions::describe(CLI::App& command) {
  auto* pid = command.add_option("-p,--pid", trace_.pids, "Process to trace; may be repeated")
                  ->type_name("PID")
                  ->check(CLI::PositiveNumber);
  command.add_option("command", trace_.command, "Command to start and trace, after --")
      ->type_name("COMMAND")
      ->excludes(pid);
  command
      .add_option("-d,--duration", duration_,
                  "Stop after this time: 10s, 5m; default: until the end or Ctrl-C")
      ->type_name("TIME");
  command
      .add_option("--detail", detail_,
                  "What to probe: growth (start and end of each growth), or buckets (each moved "
                  "bucket and removed tombstone too)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"growth", "buckets"}))
      ->capture_default_str();
  command
      .add_option("--ring-bytes", trace_.ring_bytes, "Size of the ring buffer for growth records")
      ->type_name("BYTES")
      ->check(CLI::Range(4096U, 1U << 30U))
      ->capture_default_str();
  command.add_flag("--perf-uprobes", trace_.force_perf_uprobes,
                   "Attach by perf events even where the kernel has uprobe_multi");
}

Result<app::TraceOptions> TracingOptions::take(const std::string& command) {
  if (names_nothing())
    return fail(Errc::kUsage, fmt::format("{}: say what to trace: -p PID, or -- COMMAND", command));
  trace_.detail = detail_ == "buckets" ? Detail::kBuckets : Detail::kGrowth;
  if (duration_) {
    trace_.duration = parse_duration(*duration_);
    if (!trace_.duration)
      return fail(Errc::kUsage, fmt::format("{}: -d {}: not a time such as 10s, 500ms or 5m",
                                            command, *duration_));
  }
  return trace_;
}

}  // namespace gomapd::cli
