// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/cli/command.h"
#include "daemon/config/daemon_options.h"

namespace gomapd::cli {

class DaemonCommand : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "daemon"; }
  [[nodiscard]] std::string purpose() const override {
    return "Trace every Go process of this host; serve metrics and profiles until SIGTERM";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  // A flag that was given goes before the file.
  struct Flag {
    const CLI::Option* option;
    std::function<void(config::DaemonOptions&)> apply;
  };

  template <typename Value, typename Owner>
  CLI::Option* add(CLI::App& command, const std::string& name, Value Owner::* member,
                   const std::string& what);
  void add_web(CLI::App& command);
  void add_metrics(CLI::App& command);
  void add_selection(CLI::App& command);
  // Defaults, then the file, then the flags.
  [[nodiscard]] Result<config::DaemonOptions> read() const;

  config::DaemonOptions flags_;
  std::vector<Flag> given_;
  std::string config_file_;
  bool only_check_ = false;
  std::string linger_ = "5m";
  std::string detail_ = "growth";
  std::string max_overhead_ = "1%";
  std::string log_level_ = "info";
  std::string log_format_ = "text";
};

}  // namespace gomapd::cli
