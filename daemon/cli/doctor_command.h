// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/app/doctor.h"
#include "daemon/cli/command.h"

namespace gomapd::cli {

class DoctorCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "doctor"; }
  [[nodiscard]] std::string purpose() const override {
    return "What this host can do, what a probe hit costs here, and what to do about it";
  }
  void describe(CLI::App& command) override {
    command.add_flag("--json", options_.json, "Print one JSON object");
  }
  [[nodiscard]] Result<void> run() override { return app::doctor(options_); }

 private:
  app::DoctorOptions options_;
};

}  // namespace gomapd::cli
