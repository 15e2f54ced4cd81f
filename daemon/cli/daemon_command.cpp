// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/daemon_command.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include "daemon/config/duration.h"

namespace gomapd::cli {
namespace {

void add_selection(CLI::App& command, model::SelectionRules& rules) {
  const auto add = [&](const std::string& name, std::vector<std::string>& globs,
                       const std::string& what) {
    command.add_option(name, globs, what)->type_name("GLOB")->allow_extra_args(false);
  };
  add("--match-exe", rules.match_exe, "Trace only these executables (with a /: the whole path)");
  add("--match-unit", rules.match_unit, "Trace only these systemd units");
  add("--match-container", rules.match_container, "Trace only these containers, by id");
  add("--exclude-exe", rules.exclude_exe, "Don't trace these executables");
  add("--exclude-unit", rules.exclude_unit, "Don't trace these systemd units");
  add("--exclude-container", rules.exclude_container, "Don't trace these containers");
}

}  // namespace

void DaemonCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd daemon\n  gomapd daemon --web.listen-address :10435 "
      "--web.config.file web.yml\n  gomapd daemon --match-unit 'api-*.service'");
  command
      .add_option("--web.listen-address", options_.listen_addresses,
                  "Where to serve; may be given several times")
      ->type_name("ADDR:PORT")
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option("--web.config.file", options_.web_config_file,
                  "TLS and users, as Prometheus's exporters have them")
      ->type_name("FILE");
  command.add_flag("--web.enable-lifecycle", lifecycle_,
                   "Let POST /-/reload read the configuration again, as SIGHUP does");
  command
      .add_option("--metrics.linger", linger_,
                  "How long a workload's series stay after its last process has gone")
      ->type_name("TIME")
      ->capture_default_str();
  command
      .add_option("--metrics.max-sites", options_.host.ledger.max_sites,
                  "Sites with series of their own; the others are summed up")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--metrics.pid", options_.host.ledger.by_pid,
                   "A pid label: each process is a workload of its own");
  command.add_option("--detail", detail_, "What is probed: growth, or buckets as well")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"growth", "buckets"}))
      ->capture_default_str();
  add_selection(command, options_.host.selection);
  command.add_option("--log.level", log_level_, "What is logged")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
}

Result<app::DaemonOptions> DaemonCommand::take() const {
  auto options = options_;
  const auto linger = config::parse_duration(linger_);
  if (!linger)
    return fail(Errc::kUsage,
                fmt::format("daemon: --metrics.linger {}: not a time such as 30s or 5m", linger_));
  options.host.ledger.linger = *linger;
  options.host.detail = detail_ == "buckets" ? Detail::kBuckets : Detail::kGrowth;
  options.lifecycle = lifecycle_ ? app::Lifecycle::kOn : app::Lifecycle::kOff;
  const auto& rules = options.host.selection;
  for (const auto* globs : {&rules.match_exe, &rules.match_unit, &rules.match_container,
                            &rules.exclude_exe, &rules.exclude_unit, &rules.exclude_container})
    for (const auto& glob : *globs)
      if (const auto defect = model::glob_defect(glob); !defect.empty())
        return fail(Errc::kUsage, fmt::format("daemon: the glob '{}': {}", glob, defect));
  return options;
}

Result<void> DaemonCommand::run() {
  const auto options = TRY(take());
  spdlog::set_level(spdlog::level::from_str(log_level_));
  return app::run_daemon(options, [this] { return take(); });
}

}  // namespace gomapd::cli
