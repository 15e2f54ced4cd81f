// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>

#include "daemon/config/daemon_options.h"

// The log goes to standard error: standard output belongs to results.
namespace gomapd::cli {

void set_up_log(bool verbose);

// Of "debug", "info", "warn", "error".
[[nodiscard]] std::optional<config::LogLevel> level_of(const std::string& name);

// As the options say. The json format has an object a line: time, level, message.
void set_up_daemon_log(const config::DaemonOptions& options);

}  // namespace gomapd::cli
