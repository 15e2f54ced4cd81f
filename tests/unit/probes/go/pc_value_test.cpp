// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/pc_value.h"

#include <gtest/gtest.h>

#include "tests/support/byte_writer.h"

namespace gomapd::go {
namespace {

std::vector<std::byte> table(std::initializer_list<std::uint8_t> bytes) {
  test::ByteWriter writer;
  for (const auto byte : bytes) writer.put(byte);
  return writer.data();
}

TEST(PcValues, WalksRanges) {
  // +1 for 4 bytes: 0; +3 for 2: 3; -2 for 130: 1.
  const auto bytes = table({2, 4, 6, 2, 3, 0x82, 1, 0});
  PcValues values(bytes, 1);
  ASSERT_TRUE(values.next());
  EXPECT_EQ(values.value(), 0);
  EXPECT_EQ(values.end(), 4U);
  ASSERT_TRUE(values.next());
  EXPECT_EQ(values.value(), 3);
  EXPECT_EQ(values.begin(), 4U);
  ASSERT_TRUE(values.next());
  EXPECT_EQ(values.value(), 1);
  EXPECT_EQ(values.end(), 136U);
  EXPECT_FALSE(values.next());
}

TEST(PcValues, CountsInQuanta) {
  const auto bytes = table({2, 4, 0});
  PcValues values(bytes, 4);
  ASSERT_TRUE(values.next());
  EXPECT_EQ(values.end(), 16U);
}

TEST(PcValues, MayStartWithTheStartValue) {
  const auto bytes = table({0, 4, 2, 4, 0});
  EXPECT_EQ(pc_value_at(PcValues(bytes, 1), 2), -1);
  EXPECT_EQ(pc_value_at(PcValues(bytes, 1), 5), 0);
}

TEST(PcValues, EndsAtEveryTruncation) {
  const auto bytes = table({2, 4, 6, 2, 3, 0x82, 1, 0});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    int steps = 0;
    for (PcValues values(Bytes(bytes).first(size), 1); values.next();) ++steps;
    EXPECT_LE(steps, static_cast<int>(size) / 2) << size;
  }
}

TEST(PcValues, EndsWhereBytesMakeNoSense) {
  EXPECT_EQ(pc_value_at(PcValues({}, 1), 0), -1);
  const auto empty_range = table({2, 0, 2, 4, 0});
  EXPECT_EQ(pc_value_at(PcValues(empty_range, 1), 0), -1);
  const auto endless_varint = table({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 4, 0});
  EXPECT_EQ(pc_value_at(PcValues(endless_varint, 1), 0), -1);
}

TEST(PcValues, EndsAfterSoManySteps) {
  std::vector<std::byte> bytes(4U << 20U, std::byte{1});
  std::uint64_t steps = 0;
  for (PcValues values(bytes, 1); values.next();) ++steps;
  EXPECT_EQ(steps, 1U << 18U);
}

TEST(PcValues, HasNoValueBehindTheTable) {
  const auto bytes = table({2, 4, 0});
  EXPECT_EQ(pc_value_at(PcValues(bytes, 1), 3), 0);
  EXPECT_EQ(pc_value_at(PcValues(bytes, 1), 4), -1);
}

}  // namespace
}  // namespace gomapd::go
