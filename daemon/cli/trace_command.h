// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/cli/command.h"
#include "daemon/cli/life_options.h"
#include "daemon/cli/tracing_options.h"

namespace gomapd::cli {

class TraceCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "trace"; }
  [[nodiscard]] std::string purpose() const override {
    return "Trace the growth of the maps of running processes, or of a command";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  TracingOptions tracing_;
  LifeOptions lives_;
  app::TraceResult result_;
  bool dry_run_ = false;
};

}  // namespace gomapd::cli
