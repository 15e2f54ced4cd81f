// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace gomapd {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(ByteReader, LoadsLittleEndian) {
  const ByteReader reader(as_bytes("\x01\x02\x03\x04"), "test");
  EXPECT_EQ(reader.load<std::uint16_t>(1).value(), 0x0302);
}

TEST(ByteReader, LoadsUpToTheLastByte) {
  const ByteReader reader(as_bytes("1234"), "test");
  EXPECT_TRUE(reader.load<std::uint32_t>(0));
  EXPECT_FALSE(reader.load<std::uint32_t>(1));
}

TEST(ByteReader, RefusesOffsetsThatWouldOverflow) {
  const ByteReader reader(as_bytes("1234"), "test");
  EXPECT_FALSE(reader.load<std::uint32_t>(kHuge - 1));
  EXPECT_FALSE(reader.sub(2, kHuge - 1));
  EXPECT_FALSE(reader.sub(kHuge, 2));
  EXPECT_FALSE(reader.from(kHuge));
  EXPECT_FALSE(reader.c_string(kHuge));
}

TEST(ByteReader, TakesAnEmptyPartAtItsEnd) {
  const ByteReader reader(as_bytes("1234"), "test");
  EXPECT_TRUE(reader.sub(4, 0).value().empty());
  EXPECT_TRUE(reader.from(4).value().empty());
}

TEST(ByteReader, SaysWhatIsMissingAndWhere) {
  const ByteReader reader(as_bytes("1234"), "pclntab");
  EXPECT_EQ(reader.load<std::uint64_t>(2).error().context,
            "pclntab: needs 8 bytes at 0x2, has 4 in all");
}

TEST(ByteReader, ReadsACStringWithinItsLimit) {
  using std::string_view_literals::operator""sv;
  const ByteReader reader(as_bytes("ab\0cd"sv), "test");
  EXPECT_EQ(reader.c_string(0).value(), "ab");
  EXPECT_EQ(reader.c_string(2).value(), "");
  EXPECT_FALSE(reader.c_string(3));
  EXPECT_FALSE(reader.c_string(0, 2));
}

TEST(CheckedArithmetic, RefusesOverflow) {
  EXPECT_EQ(checked_add(kHuge - 1, 1), kHuge);
  EXPECT_EQ(checked_add(kHuge, 1), std::nullopt);
  EXPECT_EQ(checked_mul(kHuge / 2, 2), kHuge - 1);
  EXPECT_EQ(checked_mul(kHuge / 2, 3), std::nullopt);
}

}  // namespace
}  // namespace gomapd
