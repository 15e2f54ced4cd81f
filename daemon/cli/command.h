// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "probes/base/result.h"

namespace gomapd::cli {

// One sub-command: what it takes, and what it does once that is parsed.
class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string purpose() const = 0;  // one line
  // Adds the options, which are parsed into this object.
  virtual void describe(CLI::App& command) = 0;
  [[nodiscard]] virtual Result<void> run() = 0;
};

}  // namespace gomapd::cli
