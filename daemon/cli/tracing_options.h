// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "daemon/app/trace.h"

namespace gomapd::cli {

// What to trace, for how long and how: the options that every command has that
// traces.
class TracingOptions {
 public:
  // Adds them to `command`; this object must stay where it is.
  void describe(CLI::App& command);
  // What was asked for, after parsing. kUsage when that makes no sense; `command`
  // is the command's name.
  [[nodiscard]] Result<app::TraceOptions> take(const std::string& command);
  // The command, if it is one word: it may be meant as a file.
  [[nodiscard]] std::optional<std::string> lone_word() const {
    return trace_.command.size() == 1 ? std::optional(trace_.command.front()) : std::nullopt;
  }
  // No process and no command was named.
  [[nodiscard]] bool names_nothing() const { return trace_.pids.empty() && trace_.command.empty(); }

 private:
  app::TraceOptions trace_;
  std::optional<std::string> duration_;
  std::string detail_ = "growth";
  std::optional<std::string> max_overhead_;
  bool runtime_frames_ = false;
};

}  // namespace gomapd::cli
