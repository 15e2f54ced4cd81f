// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/quoted.h"

#include <charconv>
#include <cstdint>

namespace gomapd::go {
namespace {

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xc0 | (rune >> 6U));
    put(0x80 | (rune & 0x3fU));
  } else if (rune < 0x10000) {
    put(0xe0 | (rune >> 12U));
    put(0x80 | ((rune >> 6U) & 0x3fU));
    put(0x80 | (rune & 0x3fU));
  } else {
    put(0xf0 | (rune >> 18U));
    put(0x80 | ((rune >> 12U) & 0x3fU));
    put(0x80 | ((rune >> 6U) & 0x3fU));
    put(0x80 | (rune & 0x3fU));
  }
}

std::optional<std::uint32_t> take_digits(std::string_view& text, std::size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const auto* end = text.data() + count;
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

// The character that a one-letter escape stands for; 0 for the others.
char simple_escape(char letter) {
  switch (letter) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    case '"': return '"';
    default: return 0;
  }
}

// Takes what follows a backslash; false when it is no escape.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  const char letter = text[0];
  if (letter >= '0' && letter <= '7') {
    const auto byte = take_digits(text, 3, 8);
    if (!byte || *byte > 0xff) return false;
    out += static_cast<char>(*byte);
    return true;
  }
  text.remove_prefix(1);
  if (const char simple = simple_escape(letter); simple != 0) {
    out += simple;
    return true;
  }
  if (letter == 'x') {
    const auto byte = take_digits(text, 2, 16);
    if (byte) out += static_cast<char>(*byte);
    return byte.has_value();
  }
  if (letter != 'u' && letter != 'U') return false;
  const auto rune = take_digits(text, letter == 'u' ? 4 : 8, 16);
  if (!rune || *rune > 0x10ffff || (*rune >= 0xd800 && *rune < 0xe000)) return false;
  append_utf8(out, *rune);
  return true;
}

}  // namespace

std::optional<std::string> take_quoted(std::string_view& text) {
  if (text.empty() || (text[0] != '"' && text[0] != '`')) return std::nullopt;
  const char quote = text[0];
  auto rest = text.substr(1);
  std::string out;
  while (!rest.empty()) {
    const char next = rest[0];
    rest.remove_prefix(1);
    if (next == quote) {
      text = rest;
      return out;
    }
    if (quote == '`' || next != '\\') {
      out += next;
    } else if (!take_escape(rest, out)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace gomapd::go
