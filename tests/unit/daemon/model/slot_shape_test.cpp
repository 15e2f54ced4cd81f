// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/slot_shape.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

constexpr go::Version kGo123{23, 5};
constexpr go::Version kGo127{27, 4};

ValueType plain(std::uint64_t size) {
  return {.size = size, .align = natural_align(size)};
}

TEST(SlotShape, GivesTheBucketSizesOfTheRuntime) {
  EXPECT_EQ(bucket_shape(plain(8), plain(8), kGo123).unit_bytes, 144U);
  EXPECT_EQ(bucket_shape(plain(16), plain(0), kGo123).unit_bytes, 144U);
  EXPECT_EQ(bucket_shape(plain(16), plain(16), kGo123).unit_bytes, 272U);
  EXPECT_EQ(bucket_shape(plain(1), plain(2), kGo123).unit_bytes, 40U);
  EXPECT_EQ(bucket_shape(plain(0), plain(0), kGo123).unit_bytes, 16U);
}

TEST(SlotShape, KeepsByPointerWhatIsAbove128Bytes) {
  EXPECT_EQ(bucket_shape(plain(128), plain(8), kGo123).unit_bytes, 16U + 8 * 136);
  EXPECT_EQ(bucket_shape(plain(129), plain(8), kGo123).unit_bytes, 144U);
  EXPECT_EQ(bucket_shape(plain(129), plain(8), kGo123).scan, Scan::kPointers);
  EXPECT_EQ(bucket_shape(plain(128), plain(8), kGo123).scan, Scan::kNoPointers);
  EXPECT_EQ(group_shape(plain(8), plain(1U << 20U), kGo127).unit_bytes, 136U);
}

TEST(SlotShape, PadsSwissSlotsAsStructs) {
  EXPECT_EQ(group_shape(plain(8), plain(8), kGo127).unit_bytes, 136U);
  EXPECT_EQ(group_shape(plain(2), plain(1), kGo127).unit_bytes, 8U + 8 * 4);
  EXPECT_EQ(group_shape(plain(8), plain(1), kGo127).unit_bytes, 8U + 8 * 16);
  // A pointer to an element without size must not leave the slot.
  EXPECT_EQ(group_shape(plain(8), plain(0), kGo127).unit_bytes, 8U + 8 * 16);
  EXPECT_EQ(group_shape(plain(0), plain(8), kGo127).unit_bytes, 8U + 8 * 8);
  EXPECT_EQ(group_shape(plain(0), plain(0), kGo127).unit_bytes, 16U);
  // [16]byte is aligned to one byte, unlike most types of its size.
  EXPECT_EQ(group_shape({.size = 16, .align = 1}, plain(1), kGo127).unit_bytes, 8U + 8 * 17);
}

TEST(SlotShape, PutsKeysBeforeElementsInASplitGroup) {
  EXPECT_EQ(group_shape(plain(8), plain(8), kGo127, GroupLayout::kSplit).unit_bytes, 136U);
  EXPECT_EQ(group_shape(plain(8), plain(1), kGo127, GroupLayout::kSplit).unit_bytes, 80U);
}

}  // namespace
}  // namespace gomapd::model
