// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/app/record.h"
#include "daemon/cli/command.h"
#include "daemon/cli/life_options.h"

namespace gomapd::cli {

class ReportCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "report"; }
  [[nodiscard]] std::string purpose() const override {
    return "Print what a recording holds; needs neither root nor the traced program";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  std::string recording_;
  LifeOptions lives_;
  app::TraceResult result_;
};

}  // namespace gomapd::cli
