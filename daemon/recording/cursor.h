// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "daemon/recording/byte_output.h"
#include "daemon/recording/format.h"
#include "probes/base/bytes.h"

namespace gomapd::recording {

// Reads one value after the other from the payload of a block. Past the end, or
// at a value that can't be, it fails and gives zeros from then on: whoever reads
// asks ok() before it uses what it read. Borrows the bytes.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return next_ == bytes_.size(); }
  void fail() {
    ok_ = false;
    next_ = bytes_.size();
  }

  std::uint8_t byte() {
    if (at_end()) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[next_++]);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t part = byte();
      if (shift == 63 && part > 1) break;
      value |= (part & 0x7fU) << shift;
      if (part < 0x80) return value;
    }
    fail();
    return 0;
  }
  template <typename T>
  T narrow() {
    const auto value = varint();
    if (value > std::numeric_limits<T>::max()) fail();
    return static_cast<T>(ok_ ? value : 0);
  }
  std::uint64_t difference(std::uint64_t before) { return before + unzigzag(varint()); }
  std::uint64_t fixed64() {
    const auto value = ByteReader(bytes_, "recording").load<std::uint64_t>(next_);
    if (!value) {
      fail();
      return 0;
    }
    next_ += sizeof(*value);
    return *value;
  }
  Bytes bytes(std::uint64_t length) {
    if (length > bytes_.size() - next_) {
      fail();
      return {};
    }
    const auto part = bytes_.subspan(next_, static_cast<std::size_t>(length));
    next_ += part.size();
    return part;
  }
  std::string_view text() {
    const auto length = varint();
    if (length > kMaxTextBytes) fail();
    const auto part = bytes(ok_ ? length : 0);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  // How many entries follow, each of at least one byte.
  std::uint64_t count() {
    const auto value = varint();
    if (value > bytes_.size() - next_) fail();
    return ok_ ? value : 0;
  }

 private:
  Bytes bytes_;
  std::size_t next_ = 0;
  bool ok_ = true;
};

}  // namespace gomapd::recording
