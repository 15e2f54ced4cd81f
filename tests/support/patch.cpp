// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/support/patch.h"

#include <algorithm>
#include <array>

namespace gomapd::test {

// go1.18 debug/buildinfo/buildinfo.go: sixteen bytes of header, padded to 32,
// then two strings, each behind its length as a varint.
bool set_go_version(std::vector<std::byte>& file, std::string_view version) {
  constexpr std::string_view kMagic = "\xff Go buildinf:";
  constexpr std::ptrdiff_t kHeader = 32;
  constexpr std::byte kInlineStrings{2};
  const auto magic = std::as_bytes(std::span(kMagic));
  const auto start = std::ranges::search(file, magic).begin();
  if (file.end() - start < 256 || version.size() > 127) return false;
  if ((*(start + 15) & kInlineStrings) == std::byte{0}) return false;
  auto at = start + kHeader;
  *at++ = static_cast<std::byte>(version.size());
  at = std::ranges::copy(std::as_bytes(std::span(version)), at).out;
  *at = std::byte{0};
  return true;
}

}  // namespace gomapd::test
