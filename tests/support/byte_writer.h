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

namespace gomapd::test {

// Writes little-endian values one after the other, or over what is there.
class ByteWriter {
 public:
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  ByteWriter& put(const T& value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    std::memcpy(bytes_.data() + bytes_.size() - sizeof(T), &value, sizeof(T));
    return *this;
  }
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  ByteWriter& put_at(std::size_t offset, const T& value) {
    if (bytes_.size() < offset + sizeof(T)) bytes_.resize(offset + sizeof(T));
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  ByteWriter& text(std::string_view text) {
    for (const char c : text) put(c);
    return *this;
  }
  ByteWriter& c_string(std::string_view string) { return text(string).put('\0'); }
  ByteWriter& bytes(Bytes more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  // Base 128, lowest seven bits first.
  ByteWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) put(static_cast<std::uint8_t>(value | 0x80U));
    return put(static_cast<std::uint8_t>(value));
  }
  ByteWriter& align(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) put(std::uint8_t{0});
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::vector<std::byte>& data() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace gomapd::test
