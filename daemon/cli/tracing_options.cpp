// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/tracing_options.h"

#include <fmt/core.h>

#include "daemon/cli/duration_option.h"
#include "daemon/cli/pid.h"
#include "daemon/config/percent.h"

namespace gomapd::cli {
namespace {

Detail parse_detail(std::string_view text) {
  if (text == "buckets") return Detail::kBuckets;
  return text == "assign" ? Detail::kAssign : Detail::kGrowth;
}

}  // namespace

void TracingOptions::describe(CLI::App& command) {
  auto* pid = command.add_option("-p,--pid", trace_.pids, "Process to trace; may be repeated")
                  ->type_name("PID")
                  ->check(pid_range());
  command.add_option("command", trace_.command, "Command to start and trace, after --")
      ->type_name("COMMAND")
      ->excludes(pid);
  command
      .add_option("-d,--duration", duration_,
                  "Stop after this time: 10s, 5m; default: until the end or Ctrl-C")
      ->type_name("TIME");
  command
      .add_option("--detail", detail_,
                  "What to probe: growth (start and end of each growth), buckets (each moved "
                  "bucket and removed tombstone too), or assign (growths, and map assignments in "
                  "short sampled windows)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"growth", "buckets", "assign"}))
      ->capture_default_str();
  command
      .add_option("--max-overhead", max_overhead_,
                  "The share of each process's CPU time that probes may cost, 0.01 to 100: growths "
                  "are then sampled where counting all costs more. Without it each growth is "
                  "counted; windows of --detail assign have 1%")
      ->type_name("PERCENT");
  command
      .add_option("--ring-bytes", trace_.ring_bytes, "Size of the ring buffer for growth records")
      ->type_name("BYTES")
      ->check(CLI::Range(4096U, 1U << 30U))
      ->capture_default_str();
  command.add_flag("--runtime-frames", runtime_frames_,
                   "Show the runtime's map functions in stacks, which are left out by default");
  command.add_flag("--perf-uprobes", trace_.force_perf_uprobes,
                   "Attach by perf events even where the kernel has uprobe_multi");
}

Result<app::TraceOptions> TracingOptions::take(const std::string& command) {
  if (names_nothing())
    return fail(Errc::kUsage, fmt::format("{}: say what to trace: -p PID, or -- COMMAND", command));
  trace_.detail = parse_detail(detail_);
  if (max_overhead_) {
    const auto max_overhead = config::parse_percent(*max_overhead_);
    if (!max_overhead)
      return fail(Errc::kUsage, fmt::format("{}: --max-overhead {}: not a percentage from 0.01 to "
                                            "100, such as 1 or 0.5%",
                                            command, *max_overhead_));
    trace_.max_overhead = *max_overhead;
    trace_.is_bounded = true;
  }
  if (runtime_frames_) trace_.runtime_frames = symbol::RuntimeFrames::kShow;
  if (duration_) trace_.duration = TRY(parse_duration_option(command, *duration_));
  return trace_;
}

}  // namespace gomapd::cli
