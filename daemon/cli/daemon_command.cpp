// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/daemon_command.h"

#include <fmt/core.h>

#include "daemon/app/daemon.h"
#include "daemon/cli/log.h"
#include "daemon/config/duration.h"
#include "daemon/config/percent.h"
#include "daemon/proc/small_file.h"

namespace gomapd::cli {
namespace {

using config::DaemonOptions;
using model::SelectionRules;

std::unexpected<Error> wrong(const std::string& flag, const std::string& value,
                             std::string_view what) {
  return fail(Errc::kUsage, fmt::format("daemon: {} {}: {}", flag, value, what));
}

// What the text of a flag means; the file has rules of its own for the same.
Result<void> check(const DaemonOptions& options) {
  const auto& rules = options.selection;
  for (const auto* globs : {&rules.match_exe, &rules.match_unit, &rules.match_container,
                            &rules.exclude_exe, &rules.exclude_unit, &rules.exclude_container})
    for (const auto& glob : *globs)
      if (const auto defect = model::glob_defect(glob); !defect.empty())
        return wrong("glob", "'" + glob + "'", defect);
  return {};
}

}  // namespace

// An option whose value is kept in flags_, and goes from there to what the file has.
template <typename Value, typename Owner>
CLI::Option* DaemonCommand::add(CLI::App& command, const std::string& name, Value Owner::* member,
                                const std::string& what) {
  CLI::Option* option = nullptr;
  std::function<void(DaemonOptions&)> apply;
  if constexpr (std::is_same_v<Owner, SelectionRules>) {
    option = command.add_option(name, flags_.selection.*member, what)->type_name("GLOB");
    apply = [this, member](DaemonOptions& to) { to.selection.*member = flags_.selection.*member; };
  } else {
    if constexpr (std::is_same_v<Value, bool>)
      option = command.add_flag(name, flags_.*member, what);
    else
      option = command.add_option(name, flags_.*member, what);
    apply = [this, member](DaemonOptions& to) { to.*member = flags_.*member; };
  }
  if constexpr (std::is_same_v<Value, std::vector<std::string>>) option->allow_extra_args(false);
  given_.push_back({option, std::move(apply)});
  return option;
}

void DaemonCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd daemon\n  gomapd daemon --web.listen-address :10435 "
      "--web.config.file web.yml\n  gomapd daemon --match-unit 'api-*.service'");
  command.add_option("--config", config_file_, "Read options from this file; flags go before it")
      ->type_name("FILE");
  command.add_flag("--config.check", only_check_, "Only say whether the configuration is right");
  add_web(command);
  add_metrics(command);
  add_selection(command);
  const auto* detail =
      command.add_option("--detail", detail_, "What is probed: growth, or buckets as well")
          ->type_name("LEVEL")
          ->check(CLI::IsMember({"growth", "buckets"}))
          ->capture_default_str();
  given_.push_back({detail, [this](DaemonOptions& to) {
                      to.detail = detail_ == "buckets" ? Detail::kBuckets : Detail::kGrowth;
                    }});
  const auto* level = command.add_option("--log.level", log_level_, "What is logged")
                          ->type_name("LEVEL")
                          ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
                          ->capture_default_str();
  given_.push_back({level, [this](DaemonOptions& to) { to.log_level = *level_of(log_level_); }});
  const auto* format = command.add_option("--log.format", log_format_, "And how")
                           ->type_name("FORMAT")
                           ->check(CLI::IsMember({"text", "json"}))
                           ->capture_default_str();
  given_.push_back({format, [this](DaemonOptions& to) {
                      to.log_format = log_format_ == "json" ? config::LogFormat::kJson
                                                            : config::LogFormat::kText;
                    }});
}

void DaemonCommand::add_web(CLI::App& command) {
  add(command, "--web.listen-address", &DaemonOptions::listen_addresses,
      "Where to serve; may be given several times")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  add(command, "--web.config.file", &DaemonOptions::web_config_file,
      "TLS and users, as Prometheus's exporters have them")
      ->type_name("FILE");
  add(command, "--web.enable-lifecycle", &DaemonOptions::enable_lifecycle,
      "Let POST /-/reload read the configuration again, as SIGHUP does");
}

void DaemonCommand::add_metrics(CLI::App& command) {
  const auto* linger = command
                           .add_option("--metrics.linger", linger_,
                                       "How long a workload's series stay after its last process "
                                       "has gone")
                           ->type_name("TIME")
                           ->capture_default_str();
  given_.push_back({linger, [this](DaemonOptions& to) {
                      to.linger = config::parse_duration(linger_).value_or(to.linger);
                    }});
  add(command, "--metrics.max-workloads", &DaemonOptions::max_workloads,
      "Workloads with series of their own; the others are one, exe=\"other\"")
      ->type_name("N")
      ->check(CLI::Range(1U, 100'000U))
      ->capture_default_str();
  add(command, "--metrics.max-sites", &DaemonOptions::max_sites,
      "Sites with series of their own; the others are summed up")
      ->type_name("N")
      ->check(CLI::Range(1U, 100'000U))
      ->capture_default_str();
  add(command, "--metrics.pid", &DaemonOptions::metrics_pid,
      "A label pid: each process is a workload of its own");
}

void DaemonCommand::add_selection(CLI::App& command) {
  add(command, "--match-exe", &SelectionRules::match_exe,
      "Trace only these executables (with a /: by the whole path)");
  add(command, "--match-unit", &SelectionRules::match_unit, "Trace only these systemd units");
  add(command, "--match-container", &SelectionRules::match_container,
      "Trace only these containers, by id");
  add(command, "--exclude-exe", &SelectionRules::exclude_exe, "Don't trace these executables");
  add(command, "--exclude-unit", &SelectionRules::exclude_unit, "Don't trace these systemd units");
  add(command, "--exclude-container", &SelectionRules::exclude_container,
      "Don't trace these containers");
}

Result<DaemonOptions> DaemonCommand::read() const {
  DaemonOptions options;
  if (!config_file_.empty()) {
    const auto text = TRY(proc::read_small_file(config_file_, config::kMaxConfigBytes + 1));
    options = TRY(config::parse_daemon_options(text, config_file_));
  }
  for (const auto& flag : given_)
    if (flag.option->count() != 0) flag.apply(options);
  TRY_VOID(check(options));
  return options;
}

Result<void> DaemonCommand::run() {
  if (!config::parse_duration(linger_))
    return wrong("--metrics.linger", linger_, "not a time such as 30s or 5m");
  const auto options = TRY(read());
  if (only_check_) {
    fmt::print("{}: the configuration is right\n",
               config_file_.empty() ? "no --config" : config_file_);
    return {};
  }
  set_up_daemon_log(options);
  return app::run_daemon(options, [this] { return read(); });
}

}  // namespace gomapd::cli
