// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string_view>

namespace gomapd::config {

// "1", "0.5%": a percentage from 0.01 to 100, as a share of 1. Nothing for
// anything else.
[[nodiscard]] std::optional<double> parse_percent(std::string_view text);

}  // namespace gomapd::config
