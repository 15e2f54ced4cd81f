// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/inspect_command.h"

#include "daemon/cli/duration_option.h"
#include "daemon/cli/pid.h"

namespace gomapd::cli {

void InspectCommand::describe(CLI::App& command) {
  auto* file = command.add_option("file", options_.path, "An executable file")->type_name("FILE");
  auto* pid = command.add_option("-p,--pid", options_.pid, "The executable of this process")
                  ->type_name("PID")
                  ->check(pid_range());
  file->excludes(pid);
  command.add_flag("--json", options_.json, "Print one JSON object");
  auto* estimate =
      command
          .add_flag("--estimate", options_.estimate,
                    "Sample the process for a while, and say what tracing it would cost (root)")
          ->needs(pid);
  command.add_option("-d,--duration", duration_, "How long to sample: 3s, 1m")
      ->type_name("TIME")
      ->needs(estimate);
}

Result<void> InspectCommand::run() {
  if (options_.path.empty() && !options_.pid)
    return fail(Errc::kUsage, "inspect: say which binary: FILE, or -p PID");
  if (duration_) options_.duration = TRY(parse_duration_option(name(), *duration_));
  return app::inspect(options_);
}

}  // namespace gomapd::cli
