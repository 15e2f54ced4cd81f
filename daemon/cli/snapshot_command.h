// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/app/snapshot.h"
#include "daemon/cli/command.h"

namespace gomapd::cli {

class SnapshotCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "snapshot"; }
  [[nodiscard]] std::string purpose() const override {
    return "Read the maps of a running process: keys, load factor, overflow, tombstones";
  }
  void describe(CLI::App& command) override;
  [[nodiscard]] Result<void> run() override;

 private:
  app::SnapshotOptions options_;
  std::string duration_ = "5s";
  std::string detail_ = "growth";
  std::string max_overhead_ = "1%";
};

}  // namespace gomapd::cli
