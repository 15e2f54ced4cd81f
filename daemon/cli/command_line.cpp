// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "daemon/cli/advise_command.h"
#include "daemon/cli/daemon_command.h"
#include "daemon/cli/doctor_command.h"
#include "daemon/cli/inspect_command.h"
#include "daemon/cli/log.h"
#include "daemon/cli/model_command.h"
#include "daemon/cli/record_command.h"
#include "daemon/cli/report_command.h"
#include "daemon/cli/snapshot_command.h"
#include "daemon/cli/trace_command.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"

namespace gomapd::cli {
namespace {

int exit_code(Errc code) {
  switch (code) {
    case Errc::kUsage: return 2;
    case Errc::kPermission:
    case Errc::kNoKernelFeature: return 3;
    case Errc::kNotGo:
    case Errc::kMalformed:
    case Errc::kUnsupported:
    case Errc::kReaderFailed: return 4;
    case Errc::kNotFound:
    case Errc::kGone: return 5;
    case Errc::kSystem: break;
  }
  return 1;
}

std::string version_text() {
  const auto kernel = kernel::running_kernel();
  return fmt::format("gomapd {} (libbpf {}, kernel {}.{})", GOMAPD_VERSION,
                     kernel::libbpf_version(), kernel.major, kernel.minor);
}

int report_error(const Error& error) {
  // File names and build settings of a target may hold anything.
  fmt::print(stderr, "gomapd: {}\n", exporter::escape(error.context));
  return exit_code(error.code);
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Tells which maps of a Go program grow, where, how often and at what cost",
               "gomapd");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message(CLI::FailureMessage::simple);
  bool verbose = false;
  app.add_flag("-v,--verbose", verbose, "Log what is done, and what libbpf says");
  DaemonCommand daemon;
  TraceCommand trace;
  InspectCommand inspect;
  ModelCommand model;
  RecordCommand record;
  ReportCommand report;
  SnapshotCommand snapshot;
  AdviseCommand advise;
  DoctorCommand doctor;
  const std::array<Command*, 9> commands{&daemon,   &trace,   &record, &report, &advise,
                                         &snapshot, &inspect, &model,  &doctor};
  for (auto* command : commands)
    command->describe(*app.add_subcommand(command->name(), command->purpose()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  set_up_log(verbose);
  // require_subcommand: there is one.
  const auto* asked = app.get_subcommands().front();
  const auto* const found = std::ranges::find(commands, asked->get_name(), &Command::name);
  const auto done = (*found)->run();
  return done ? 0 : report_error(done.error());
}

}  // namespace gomapd::cli
