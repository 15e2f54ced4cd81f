// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/report_command.h"

#include "daemon/cli/profile_options.h"

namespace gomapd::cli {

void ReportCommand::describe(CLI::App& command) {
  command.footer(
      "Example:\n  gomapd report --json growth.gomaprec\n  gomapd report --flamegraph growth.svg "
      "growth.gomaprec");
  command.add_option("recording", recording_, "A file that gomapd record wrote")
      ->type_name("RECORDING")
      ->required();
  command.add_flag("--json", result_.json, "Print JSON Lines: each growth, then a summary");
  command.add_option("-o,--output", result_.path, "Write the result to this file")
      ->type_name("FILE");
  lives_.describe(command);
  add_profile_options(command, result_.profiles);
}

Result<void> ReportCommand::run() {
  result_.lives = TRY(lives_.take(name()));
  return app::report(recording_, result_);
}

}  // namespace gomapd::cli
