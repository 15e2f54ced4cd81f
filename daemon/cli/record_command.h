// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/app/record.h"
#include "daemon/cli/command.h"
#include "daemon/cli/tracing_options.h"

namespace gomapd::cli {

class RecordCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "record"; }
  [[nodiscard]] std::string purpose() const override {
    return "Trace into a file, to be read later by report";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  TracingOptions tracing_;
  app::RecordResult result_;
  bool force_ = false;
};

}  // namespace gomapd::cli
