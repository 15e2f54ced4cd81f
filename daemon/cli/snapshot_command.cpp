// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/snapshot_command.h"

#include <fmt/core.h>

#include "daemon/cli/duration_option.h"
#include "daemon/cli/pid.h"
#include "daemon/config/percent.h"

namespace gomapd::cli {

void SnapshotCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd snapshot -p 4711\n  gomapd snapshot -p 4711 -d 1m --json\n  gomapd "
      "snapshot -p 4711 --detail assign");
  command.add_option("-p,--pid", options_.pid, "Process whose maps are read")
      ->type_name("PID")
      ->check(pid_range())
      ->required();
  command
      .add_option("-d,--duration", duration_,
                  "How long to look for maps before they are read; Ctrl-C ends it")
      ->type_name("TIME")
      ->capture_default_str();
  command
      .add_option("--detail", detail_,
                  "How maps are found: growth (those that grow meanwhile), or assign (also those "
                  "that are assigned to in short sampled windows)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"growth", "assign"}))
      ->capture_default_str();
  command
      .add_option("--max-overhead", max_overhead_,
                  "With --detail assign: the share of the process's CPU time that its windows may "
                  "cost, 0.01 to 100")
      ->type_name("PERCENT")
      ->capture_default_str();
  command.add_flag("--json", options_.json, "Print one JSON object");
  command.add_option("-o,--output", options_.path, "Write the result to this file")
      ->type_name("FILE");
}

Result<void> SnapshotCommand::run() {
  options_.duration = TRY(parse_duration_option(name(), duration_));
  const auto max_overhead = config::parse_percent(max_overhead_);
  if (!max_overhead)
    return fail(Errc::kUsage, fmt::format("snapshot: --max-overhead {}: not a percentage from 0.01 "
                                          "to 100, such as 1 or 0.5%",
                                          max_overhead_));
  options_.max_overhead = *max_overhead;
  if (detail_ == "assign") options_.detail = Detail::kAssign;
  return app::snapshot(options_);
}

}  // namespace gomapd::cli
