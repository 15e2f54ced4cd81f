// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <array>
#include <charconv>
#include <cmath>

#include "daemon/http/web_config.h"

namespace gomapd::http {
namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};
// Go's time.unitMap; "ms" must be seen before "m".
constexpr std::array kUnits{Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"µs", 1e3},  Unit{"ms", 1e6},
                            Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}};
// A hundred years, less than what fits 64 bits.
constexpr double kMax = 100 * 365 * 24 * 3600e9;

// Takes "1.5h" off the front; negative: malformed.
double take_part(std::string_view& text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || text.find_first_not_of("0123456789.") == 0) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return value * unit.nanoseconds;
  }
  return -1;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (part < 0) return std::nullopt;
    total += part;
    if (!(total <= kMax)) return std::nullopt;
  }
  return std::chrono::nanoseconds(std::llround(total));
}

}  // namespace gomapd::http
