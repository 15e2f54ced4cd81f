// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>

#include "daemon/app/advise.h"
#include "daemon/cli/command.h"
#include "daemon/cli/tracing_options.h"

namespace gomapd::cli {

class AdviseCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "advise"; }
  [[nodiscard]] std::string purpose() const override {
    return "Say which make(map[K]V, hint) to write where, and what it saves";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  void describe_planner(CLI::App& command);
  [[nodiscard]] Result<void> plan();

  TracingOptions tracing_;
  app::AdviceOptions result_;
  app::PlannerOptions planner_;
  std::optional<double> requests_per_second_;
  std::optional<std::string> lifetime_;
  std::optional<double> alpha_;
  std::optional<std::uint64_t> entry_bytes_;
};

}  // namespace gomapd::cli
