// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/trace_command.h"

#include "daemon/cli/profile_options.h"

namespace gomapd::cli {

void TraceCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd trace -p 4711 -d 10s\n  gomapd trace --json -o growth.jsonl -- ./server "
      "-listen :8080\n  gomapd trace -p 4711 --map 0xc000012345 --detail buckets");
  tracing_.describe(command);
  command.add_flag("--json", result_.json, "Print JSON Lines: each growth, then a summary");
  command.add_option("-o,--output", result_.path, "Write the result to this file")
      ->type_name("FILE");
  lives_.describe(command);
  add_profile_options(command, result_.profiles);
}

Result<void> TraceCommand::run() {
  result_.lives = TRY(lives_.take(name()));
  return app::trace(TRY(tracing_.take(name())), result_);
}

}  // namespace gomapd::cli
