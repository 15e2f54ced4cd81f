// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "probes/base/result.h"

namespace gomapd {

using Bytes = std::span<const std::byte>;

// Of a file that is mapped: lets go of the memory of `bytes`, which are read from the file
// again where they are needed again. Only a hint.
using GiveBack = void (*)(Bytes bytes);

// Little-endian is the only byte order of the machines that gomapd traces
// (amd64, arm64), and of the machines that it runs on.
static_assert(std::endian::native == std::endian::little);

// a + b and a * b of numbers that a file states: nothing when they overflow.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Checked access to untrusted bytes: the only thing that touches a target's
// bytes. Borrows the bytes; `what` names them in errors and must be a literal
// or outlive the reader.
class ByteReader {
 public:
  ByteReader() = default;
  ByteReader(Bytes bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::string_view what() const { return what_; }

  // `length` bytes at `offset`; an error when they are not all there.
  [[nodiscard]] Result<Bytes> sub(std::uint64_t offset, std::uint64_t length) const {
    if (offset > bytes_.size() || length > bytes_.size() - offset) return past_end(offset, length);
    return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  }

  // All bytes from `offset` on.
  [[nodiscard]] Result<Bytes> from(std::uint64_t offset) const {
    if (offset > bytes_.size()) return past_end(offset, 0);
    return bytes_.subspan(static_cast<std::size_t>(offset));
  }

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<T> load(std::uint64_t offset) const {
    T value{};
    if (offset > bytes_.size() || sizeof(T) > bytes_.size() - offset)
      return past_end(offset, sizeof(T));
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  // The string that ends with a NUL within `limit` bytes of `offset`.
  [[nodiscard]] Result<std::string_view> c_string(std::uint64_t offset,
                                                  std::uint64_t limit = 1U << 16U) const;

 private:
  [[nodiscard]] std::unexpected<Error> past_end(std::uint64_t offset, std::uint64_t length) const;

  Bytes bytes_;
  std::string_view what_;
};

}  // namespace gomapd
