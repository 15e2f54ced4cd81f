// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace gomapd {

// For errors: what somebody else wrote on one line, and not for ever. Control characters
// become '?'; of more than `longest` bytes the rest is left out, for "…".
[[nodiscard]] inline std::string one_line(std::string_view text, std::size_t longest = 200) {
  std::string line(text.substr(0, longest));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return text.size() > longest ? line + "…" : line;
}

}  // namespace gomapd
