// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/percent.h"

#include <charconv>

namespace gomapd::config {

std::optional<double> parse_percent(std::string_view text) {
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  if (error != std::errc{} || (!unit.empty() && unit != "%")) return std::nullopt;
  // Not the other way round: a NaN is no percentage either.
  if (!(value >= 0.01 && value <= 100)) return std::nullopt;
  return value / 100;
}

}  // namespace gomapd::config
