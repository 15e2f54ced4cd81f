// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>

#include "daemon/app/inspect.h"
#include "daemon/cli/command.h"

namespace gomapd::cli {

class InspectCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "inspect"; }
  [[nodiscard]] std::string purpose() const override {
    return "Say what is known of a Go binary: version, map design, probe sites. Needs no root";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  app::InspectOptions options_;
  std::optional<std::string> duration_;
};

}  // namespace gomapd::cli
