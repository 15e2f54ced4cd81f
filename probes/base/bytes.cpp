// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/base/bytes.h"

#include <fmt/core.h>

#include <algorithm>

namespace gomapd {

std::unexpected<Error> ByteReader::past_end(std::uint64_t offset, std::uint64_t length) const {
  return fail(Errc::kMalformed, fmt::format("{}: needs {} bytes at {:#x}, has {} in all", what_,
                                            length, offset, bytes_.size()));
}

Result<std::string_view> ByteReader::c_string(std::uint64_t offset, std::uint64_t limit) const {
  if (offset >= bytes_.size()) return past_end(offset, 1);
  const auto window = std::min<std::uint64_t>(limit, bytes_.size() - offset);
  const auto* text = reinterpret_cast<const char*>(bytes_.data() + offset);
  const auto* end = std::memchr(text, 0, static_cast<std::size_t>(window));
  if (end == nullptr)
    return fail(Errc::kMalformed, fmt::format("{}: string at {:#x} has no end", what_, offset));
  return std::string_view(text, static_cast<const char*>(end));
}

}  // namespace gomapd
