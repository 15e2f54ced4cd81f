// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/trace_command.h"

#include "daemon/app/price.h"
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
  command.add_flag("--dry-run", dry_run_,
                   "Count nothing: sample the processes for 3 s (-d), and say what tracing them "
                   "would cost them");
  lives_.describe(command);
  add_profile_options(command, result_.profiles);
}

Result<void> TraceCommand::run() {
  result_.lives = TRY(lives_.take(name()));
  const auto options = TRY(tracing_.take(name()));
  if (!dry_run_) return app::trace(options, result_);
  if (!options.command.empty())
    return fail(Errc::kUsage, "trace: --dry-run samples what runs: start the command, then -p PID");
  if (!result_.path.empty() || !result_.profiles.empty() || result_.lives)
    return fail(Errc::kUsage, "trace: --dry-run has no growths to write: only --json goes with it");
  return app::print_prices({.pids = options.pids,
                            .duration = options.duration.value_or(app::PriceOptions::kDuration),
                            .max_overhead = options.max_overhead,
                            .force_perf_uprobes = options.force_perf_uprobes},
                           result_.json);
}

}  // namespace gomapd::cli
