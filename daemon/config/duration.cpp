// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/duration.h"

#include <charconv>
#include <cmath>

namespace gomapd::config {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double seconds = 0;
  if (unit.empty() || unit == "s")
    seconds = value;
  else if (unit == "ms")
    seconds = value / 1000;
  else if (unit == "m")
    seconds = value * 60;
  else if (unit == "h")
    seconds = value * 3600;
  else
    return std::nullopt;
  constexpr double kLongest = 10.0 * 365 * 24 * 3600;
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > kLongest) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace gomapd::config
