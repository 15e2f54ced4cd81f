// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/terminal.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace gomapd::exporter {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t length;  // 0: no valid UTF-8 here
};

// RFC 3629: shortest form only, no surrogates, at most U+10FFFF.
CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {0, 0};
  char32_t value = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {0, 0};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest.at(length) || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
    return {0, 0};
  return {value, length};
}

bool is_harmless(char32_t value) {
  if (value < 0x20 || (value >= 0x7f && value < 0xa0)) return false;  // C0, DEL, C1
  if (value >= 0x200b && value <= 0x200f) return false;               // zero width, marks
  if (value >= 0x2028 && value <= 0x202e) return false;               // separators, bidi
  if (value >= 0x2066 && value <= 0x2069) return false;               // bidi isolates
  return value != 0xfeff && value != 0x061c;
}

bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
}

constexpr std::string_view kEllipsis = "…";

std::string wrap_line(std::string_view line, std::size_t width) {
  constexpr std::string_view kIndent = "    ";
  std::string out;
  std::string filled;  // the line that words are being added to
  while (!line.empty()) {
    const auto begin = std::min(line.find_first_not_of(' '), line.size());
    const auto end = std::min(line.find(' ', begin), line.size());
    if (!filled.empty() && columns(filled) + columns(line.substr(0, end)) > width) {
      out += filled + "\n";
      filled = std::string(kIndent) + std::string(line.substr(begin, end - begin));
    } else {
      filled += line.substr(0, end);
    }
    filled = keep_end(filled, width);
    line.remove_prefix(end);
  }
  return out + filled;
}

}  // namespace

std::string escape(std::string_view text) {
  // Nearly all that is shown.
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }))
    return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto point = decode_utf8(text);
    const auto length = point.length == 0 ? 1 : point.length;
    if (point.length != 0 && is_harmless(point.value)) {
      out += text.substr(0, length);
    } else {
      for (const char c : text.substr(0, length))
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t columns(std::string_view escaped) {
  std::size_t count = 0;
  for (const char c : escaped) count += starts_code_point(c) ? 1 : 0;
  return count;
}

std::string keep_end(std::string_view escaped, std::size_t width) {
  auto excess = columns(escaped);
  if (width == 0 || excess <= width) return std::string(escaped);
  excess -= width - 1;
  std::size_t start = 0;
  while (start < escaped.size() && (excess > 0 || !starts_code_point(escaped[start])))
    excess -= starts_code_point(escaped[start++]) ? 1 : 0;
  return std::string(kEllipsis) + std::string(escaped.substr(start));
}

std::string keep_start(std::string_view escaped, std::size_t width) {
  if (width == 0 || columns(escaped) <= width) return std::string(escaped);
  std::size_t end = 0;
  std::size_t kept = 0;
  while (end < escaped.size()) {
    if (starts_code_point(escaped[end]) && kept++ == width - 1) break;
    ++end;
  }
  return std::string(escaped.substr(0, end)) + std::string(kEllipsis);
}

std::string wrap(std::string_view escaped_lines, std::size_t width) {
  if (width == 0) return std::string(escaped_lines);
  std::string out;
  while (!escaped_lines.empty()) {
    const auto line = escaped_lines.substr(0, escaped_lines.find('\n'));
    out += wrap_line(line, width) + "\n";
    escaped_lines.remove_prefix(std::min(line.size() + 1, escaped_lines.size()));
  }
  return out;
}

WindowSize window_size(int fd) {
  winsize size{};
  if (isatty(fd) == 0) return {};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {80, 24};
  return {size.ws_col, size.ws_row};
}

std::string human_count(std::uint64_t value) {
  auto digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string human_duration(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1000) return fmt::format("{} ns", ns);
  // What would be rounded up to 1000.0 belongs to the next unit.
  if (ns < 999'950) return fmt::format("{:.1f} µs", value / 1e3);
  if (ns < 999'950'000) return fmt::format("{:.1f} ms", value / 1e6);
  return fmt::format("{:.1f} s", value / 1e9);
}

}  // namespace gomapd::exporter
