// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/app/model.h"
#include "daemon/cli/command.h"

namespace gomapd::cli {

class ModelCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "model"; }
  [[nodiscard]] std::string purpose() const override {
    return "Say what a map of a Go version looks like, how it grows, and what that costs";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  app::ModelOptions options_;
};

}  // namespace gomapd::cli
