// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/crc32c.h"

#include <array>

namespace gomapd::recording {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1U) ^ ((value & 1U) != 0 ? kReversedPolynomial : 0);
    table.at(byte) = value;
  }
  return table;
}

constexpr auto kTable = make_table();

}  // namespace

std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t value = ~0U;
  for (const auto byte : bytes)
    value = (value >> 8U) ^ kTable[(value ^ static_cast<std::uint32_t>(byte)) & 0xffU];
  return ~value;
}

}  // namespace gomapd::recording
