// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/classic.h"

#include <gtest/gtest.h>

#include <utility>

namespace gomapd::model::classic {
namespace {

constexpr go::Version kGo119{19, 8};
constexpr go::Version kGo121{21, 13};
constexpr go::Version kGo123{23, 5};
constexpr SlotShape kIntBucket{.unit_bytes = 144, .scan = Scan::kNoPointers, .version = kGo123};

TEST(Classic, ChoosesBForAHintAsTheRuntimeDoes) {
  for (const auto& [hint, b] : {std::pair{0U, 0U},
                                {8U, 0U},
                                {9U, 1U},
                                {13U, 1U},
                                {14U, 2U},
                                {26U, 2U},
                                {27U, 3U},
                                {52U, 3U},
                                {53U, 4U},
                                {104U, 4U},
                                {105U, 5U},
                                {1000U, 8U}})
    EXPECT_EQ(b_for_hint(hint, kIntBucket), b) << hint;
}

// 12/2 there, which its source computes in integers.
TEST(Classic, HasAnotherLoadFactorInGo121) {
  auto bucket = kIntBucket;
  bucket.version = kGo121;
  for (const auto& [hint, b] : {std::pair{8U, 0U},
                                {12U, 1U},
                                {13U, 2U},
                                {24U, 2U},
                                {25U, 3U},
                                {48U, 3U},
                                {52U, 4U},
                                {105U, 5U}})
    EXPECT_EQ(b_for_hint(hint, bucket), b) << hint;
}

TEST(Classic, IgnoresHintsThatNoAddressSpaceHolds) {
  EXPECT_EQ(b_for_hint(UINT64_MAX, kIntBucket), 0U);
  EXPECT_EQ(b_for_hint((std::uint64_t{1} << 48U) / 144 + 1, kIntBucket), 0U);
  EXPECT_EQ(b_for_hint(std::uint64_t{1} << 40U, kIntBucket), 38U);
}

TEST(Classic, DoublesAtTheKeysThatWereSeenLive) {
  const std::uint64_t expected[] = {8, 13, 26, 52, 104, 208, 416};
  for (unsigned b = 0; b < 7; ++b) EXPECT_EQ(most_keys(b, kGo119), expected[b]);
  const std::uint64_t expected_121[] = {8, 12, 24, 48, 96, 192, 384};
  for (unsigned b = 0; b < 7; ++b) EXPECT_EQ(most_keys(b, kGo121), expected_121[b]);
}

TEST(Classic, GrowsWithTheFirstKeyTooMany) {
  for (unsigned b = 0; b < 40; ++b) {
    const auto keys = most_keys(b, kGo123);
    EXPECT_EQ(growth_on_insert(keys - 1, b, 0, kGo123), Growth::kNone) << b;
    EXPECT_EQ(growth_on_insert(keys, b, 0, kGo123), Growth::kDouble) << b;
  }
}

// An error often copied: it is not the length of a chain that counts.
TEST(Classic, CountsOverflowBucketsAgainstBuckets) {
  EXPECT_EQ(growth_on_insert(40, 4, 4, kGo123), Growth::kNone);
  EXPECT_EQ(growth_on_insert(40, 4, 15, kGo123), Growth::kNone);
  EXPECT_EQ(growth_on_insert(40, 4, 16, kGo123), Growth::kSameSize);
  EXPECT_EQ(growth_on_insert(104, 4, 16, kGo123), Growth::kDouble);
  EXPECT_FALSE(too_many_overflow_buckets(32767, 15));
  EXPECT_TRUE(too_many_overflow_buckets(32768, 15));
  EXPECT_FALSE(too_many_overflow_buckets(32767, 20));
  EXPECT_TRUE(too_many_overflow_buckets(32768, 20));
}

TEST(Classic, AllocatesOverflowBucketsAheadFromB4On) {
  EXPECT_EQ(bucket_array(3, kIntBucket).overflow_ahead, 0U);
  EXPECT_EQ(bucket_array(3, kIntBucket).bytes, 1152U);
  // 17 buckets take 2,448 bytes of a class of 2,688: one more fits.
  EXPECT_EQ(bucket_array(4, kIntBucket).overflow_ahead, 2U);
  EXPECT_EQ(bucket_array(4, kIntBucket).bytes, 2688U);
  // 272 take 39,168 bytes of five pages: twelve more fit.
  EXPECT_EQ(bucket_array(8, kIntBucket).overflow_ahead, 28U);
  EXPECT_EQ(bucket_array(8, kIntBucket).bytes, 40960U);
}

TEST(Classic, SplitsABucketByTheNextBitOfTheHash) {
  EXPECT_EQ(bucket_of(0b1011, 3), 0b011U);
  EXPECT_EQ(bucket_of(0b1011, 4), 0b1011U);  // high
  EXPECT_EQ(bucket_of(0b0011, 4), 0b0011U);  // low
  EXPECT_EQ(bucket_of(UINT64_MAX, 0), 0U);
}

}  // namespace
}  // namespace gomapd::model::classic
