// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/inspect_command.h"

namespace gomapd::cli {

void InspectCommand::describe(CLI::App& command) {
  auto* file = command.add_option("file", options_.path, "An executable file")->type_name("FILE");
  auto* pid = command.add_option("-p,--pid", options_.pid, "The executable of this process")
                  ->type_name("PID")
                  ->check(CLI::PositiveNumber);
  file->excludes(pid);
  command.add_flag("--json", options_.json, "Print one JSON object");
}

Result<void> InspectCommand::run() {
  if (options_.path.empty() && !options_.pid)
    return fail(Errc::kUsage, "inspect: say which binary: FILE, or -p PID");
  return app::inspect(options_);
}

}  // namespace gomapd::cli
