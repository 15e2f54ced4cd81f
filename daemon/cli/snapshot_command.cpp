// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/snapshot_command.h"

#include <fmt/core.h>

#include "daemon/cli/duration.h"

namespace gomapd::cli {

void SnapshotCommand::describe(CLI::App& command) {
  command.footer("Examples:\n  gomapd snapshot -p 4711\n  gomapd snapshot -p 4711 -d 1m --json");
  command.add_option("-p,--pid", options_.pid, "Process whose maps are read")
      ->type_name("PID")
      ->check(CLI::PositiveNumber)
      ->required();
  command
      .add_option("-d,--duration", duration_,
                  "How long to look for maps: those that grow meanwhile are read; Ctrl-C ends it")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_flag("--json", options_.json, "Print one JSON object");
  command.add_option("-o,--output", options_.path, "Write the result to this file")
      ->type_name("FILE");
}

Result<void> SnapshotCommand::run() {
  const auto duration = parse_duration(duration_);
  if (!duration)
    return fail(Errc::kUsage,
                fmt::format("snapshot: -d {}: not a time such as 10s, 500ms or 5m", duration_));
  options_.duration = *duration;
  return app::snapshot(options_);
}

}  // namespace gomapd::cli
