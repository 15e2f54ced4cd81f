// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "probes/base/result.h"

namespace gomapd::cli {

// Whose life to tell: --map ADDR and --verbose.
class LifeOptions {
 public:
  // Adds them to `command`; this object must stay where it is.
  void describe(CLI::App& command);
  // What was asked for, as app::TraceResult has it. kUsage for what is no address;
  // `command` is the command's name.
  [[nodiscard]] Result<std::optional<std::set<std::uint64_t>>> take(
      const std::string& command) const;

 private:
  std::vector<std::string> addresses_;
  bool all_ = false;
};

}  // namespace gomapd::cli
