// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/app/daemon.h"
#include "daemon/cli/command.h"

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
  [[nodiscard]] Result<app::DaemonOptions> take() const;

  app::DaemonOptions options_;
  std::string linger_ = "5m";
  std::string detail_ = "growth";
  std::string log_level_ = "info";
  bool lifecycle_ = false;
};

}  // namespace gomapd::cli
