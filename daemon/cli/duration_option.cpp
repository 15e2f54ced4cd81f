// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/duration_option.h"

#include <fmt/core.h>

#include "daemon/config/duration.h"

namespace gomapd::cli {

Result<std::chrono::nanoseconds> parse_duration_option(const std::string& command,
                                                       const std::string& text) {
  if (const auto duration = config::parse_duration(text)) return *duration;
  return fail(Errc::kUsage,
              fmt::format("{}: -d {}: not a time such as 10s, 500ms or 5m", command, text));
}

}  // namespace gomapd::cli
