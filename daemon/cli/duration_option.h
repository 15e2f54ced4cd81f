// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <string>

#include "probes/base/result.h"

namespace gomapd::cli {

// What `command` was given as -d; kUsage when it is no time.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration_option(const std::string& command,
                                                                     const std::string& text);

}  // namespace gomapd::cli
