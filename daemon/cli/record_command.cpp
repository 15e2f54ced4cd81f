// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/record_command.h"

namespace gomapd::cli {

void RecordCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd record -p 4711 -d 60s -o growth.gomaprec\n"
      "  gomapd record -o growth.gomaprec -- ./server -listen :8080");
  tracing_.describe(command);
  command.add_option("-o,--output", result_.path, "The file to write")
      ->type_name("FILE")
      ->required();
  command.add_flag("--force", force_, "Overwrite a file that is not empty");
}

Result<void> RecordCommand::run() {
  const auto options = TRY(tracing_.take(name()));
  if (options.detail == Detail::kAssign)
    return fail(Errc::kUsage,
                "record: --detail assign: assignments are not recorded, trace shows them");
  if (options.is_bounded)
    return fail(Errc::kUsage,
                "record: --max-overhead: a recording has each growth; trace samples them");
  if (force_) result_.existing = app::Existing::kOverwrite;
  return app::record(options, result_);
}

}  // namespace gomapd::cli
