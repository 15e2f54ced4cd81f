// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "probes/base/bytes.h"

namespace gomapd::recording {

// Signed numbers near zero as small unsigned ones: 0, -1, 1, -2, …
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1U) ^ ((difference >> 63U) != 0 ? ~std::uint64_t{0} : 0);
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return (value >> 1U) ^ ((value & 1U) != 0 ? ~std::uint64_t{0} : 0);
}

// Collects what is to be written. Little-endian; varints are base 128, lowest
// seven bits first.
class ByteOutput {
 public:
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void fixed(const T& value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof(T));
  }
  void byte(std::uint8_t value) { bytes_.push_back(std::byte{value}); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) byte(static_cast<std::uint8_t>(value | 0x80U));
    byte(static_cast<std::uint8_t>(value));
  }
  // The way from `before` to `after`, which may be down; modulo 2^64.
  void difference(std::uint64_t after, std::uint64_t before) { varint(zigzag(after - before)); }
  void text(std::string_view text) {
    varint(text.size());
    bytes(std::as_bytes(std::span(text)));
  }
  void bytes(Bytes more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }

  [[nodiscard]] Bytes view() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  void clear() { bytes_.clear(); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace gomapd::recording
