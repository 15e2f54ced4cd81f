// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace gomapd::config {

// "10s", "5m", "1.5h", "200ms"; a bare number is seconds. Nothing for what is
// none, is not positive, or is longer than ten years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace gomapd::config
