// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

constexpr go::Version kGo115{15, 0};
constexpr go::Version kGo121{21, 0};
constexpr go::Version kGo122{22, 0};
constexpr go::Version kGo124{24, 0};

// Bucket of map[int64]int64: 8 tophashes, 8 keys, 8 elements, overflow pointer.
constexpr SlotShape kIntBucket{8 + 64 + 64 + 8, Scan::kNoPointers, kGo121};
// Bucket of map[string]int, and the same in a release with malloc headers.
constexpr SlotShape kStringBucket{8 + 128 + 64 + 8, Scan::kPointers, kGo121};
constexpr SlotShape kStringBucket122{8 + 128 + 64 + 8, Scan::kPointers, kGo122};
// Group of map[int64]int64: a control word and 8 slots of 16 bytes.
constexpr SlotShape kIntGroup{8 + 128, Scan::kNoPointers, kGo124};
// Group of map[string]int: slots of 24 bytes.
constexpr SlotShape kStringGroup{8 + 192, Scan::kPointers, kGo124};

struct ArrayCase {
  unsigned b;
  SlotShape shape;
  std::uint64_t bytes;
};

TEST(BucketArray, HasNothingAheadBelowSixteenBuckets) {
  for (const auto& [b, shape, bytes] : {
           ArrayCase{0, kIntBucket, 144},         // 1 * 144 is a class
           ArrayCase{1, kIntBucket, 288},         // 2 * 144 is one too
           ArrayCase{3, kIntBucket, 1152},        // 8 * 144 is one too
           ArrayCase{3, kStringBucket, 1792},     // 8 * 208 = 1664
           ArrayCase{3, kStringBucket122, 1792},  // 1664 + 8 is in the same class
           ArrayCase{2, {256, Scan::kPointers, kGo121}, 1024},
           ArrayCase{2, {256, Scan::kPointers, kGo122}, 1152},  // 1024 + 8
           ArrayCase{2, {256, Scan::kNoPointers, kGo122}, 1024},
           ArrayCase{0, {24, Scan::kNoPointers, kGo115}, 32},
       })
    EXPECT_EQ(bucket_array_bytes(b, shape), bytes) << b << ", " << shape.unit_bytes;
}

// From B = 4 on, 2^(B-4) overflow buckets more, and as many as still fit what
// the allocator hands out for that.
TEST(BucketArray, HoldsOverflowBucketsAheadFromSixteenBuckets) {
  for (const auto& [b, shape, bytes] : {
           // 17 * 144 = 2448 -> class 2688 -> 18 buckets = 2592 -> class 2688
           ArrayCase{4, kIntBucket, 2688},
           // 34 * 144 = 4896 -> class 5376 -> 37 buckets = 5328 -> class 5376
           ArrayCase{5, kIntBucket, 5376},
           // 17 * 208 = 3536 -> class 4096 -> 19 buckets = 3952 -> class 4096
           ArrayCase{4, kStringBucket, 4096},
           // 3544 -> class 4096, 4088 usable -> 19 buckets = 3952 -> class 4096
           ArrayCase{4, kStringBucket122, 4096},
           // 2176 * 208 = 452608 -> 56 pages -> 2205 buckets -> 56 pages
           ArrayCase{11, kStringBucket122, 56U * 8192U},
           // 17 * 1024 = 17408 -> class 18432 -> 18 buckets = 18432
           ArrayCase{4, {1024, Scan::kPointers, kGo121}, 18432},
           // With a header 18424 are usable, 17 buckets: 17416 -> class 18432
           ArrayCase{4, {1024, Scan::kPointers, kGo122}, 18432},
       })
    EXPECT_EQ(bucket_array_bytes(b, shape), bytes) << b << ", " << shape.unit_bytes;
}

TEST(BucketArray, IsUnknownWithoutABucketsSize) {
  EXPECT_EQ(bucket_array_bytes(0, {}), 0U);
  EXPECT_EQ(bucket_array_bytes(20, {}), 0U);
}

TEST(BucketArray, IsUnknownWhereItsSizeOverflows) {
  EXPECT_EQ(bucket_array_bytes(48, {1U << 20U, Scan::kPointers, kGo121}), 0U);
  EXPECT_EQ(bucket_array_bytes(255, {1U << 20U, Scan::kPointers, kGo121}), 0U);
  EXPECT_EQ(bucket_array_bytes(0, {UINT64_MAX, Scan::kPointers, kGo121}), UINT64_MAX);
  EXPECT_EQ(bucket_array_bytes(3, {UINT64_MAX / 2, Scan::kPointers, kGo121}), 0U);
}

TEST(Table, IsItsGroupsAndAHeaderOf32Bytes) {
  EXPECT_EQ(table_bytes(16, kIntGroup), 288U + 32U);  // 2 * 136 = 272
  // 2 * 200 = 400 -> class 416
  EXPECT_EQ(table_bytes(16, kStringGroup), 416U + 32U);
  // 4 * 200 + 8 = 808 -> class 896
  EXPECT_EQ(table_bytes(32, kStringGroup), 896U + 32U);
  // 128 * 200 + 8 = 25608 -> class 27264
  EXPECT_EQ(table_bytes(1024, kStringGroup), 27264U + 32U);
  EXPECT_EQ(table_bytes(16, {}), 0U);
  EXPECT_EQ(table_bytes(1024, {UINT64_MAX / 2, Scan::kPointers, kGo124}), 0U);
}

struct SizesCase {
  gm_kind kind;
  unsigned old_log2;
  SlotShape shape;
  GrowthSizes expected;
};

TEST(GrowthSizes, FollowsFromKindAndOldSize) {
  for (const auto& [kind, old_log2, shape, expected] : {
           SizesCase{GM_KIND_DOUBLE, 0, kIntBucket, {1, 2, 288}},
           SizesCase{GM_KIND_DOUBLE, 3, kIntBucket, {8, 16, 2688}},
           SizesCase{GM_KIND_SAME_SIZE, 4, kIntBucket, {16, 16, 2688}},
           SizesCase{GM_KIND_TO_TABLE, 3, kIntGroup, {8, 16, 320}},
           SizesCase{GM_KIND_TABLE_DOUBLE, 4, kStringGroup, {16, 32, 928}},
           SizesCase{GM_KIND_TABLE_DOUBLE, 9, kStringGroup, {512, 1024, 27296}},
           SizesCase{GM_KIND_SPLIT, 10, kStringGroup, {1024, 2048, std::uint64_t{2} * 27296}},
           SizesCase{GM_KIND_UNKNOWN, 5, kIntBucket, {0, 0, 0}},
           SizesCase{GM_KIND_COUNT, 5, kIntBucket, {0, 0, 0}},
           SizesCase{GM_KIND_DOUBLE, 5, {}, {32, 64, 0}},
       }) {
    const auto sizes = growth_sizes(kind, old_log2, shape);
    EXPECT_EQ(sizes.old_buckets, expected.old_buckets) << kind << ", " << old_log2;
    EXPECT_EQ(sizes.new_buckets, expected.new_buckets) << kind << ", " << old_log2;
    EXPECT_EQ(sizes.bytes, expected.bytes) << kind << ", " << old_log2;
  }
}

TEST(GrowthSizes, TakesImpossibleSizesAsTheirLimit) {
  for (const unsigned old_log2 : {48U, 49U, 63U, 64U, 255U}) {
    const auto sizes = growth_sizes(GM_KIND_DOUBLE, old_log2, {1U << 20U, Scan::kPointers, kGo121});
    EXPECT_EQ(sizes.old_buckets, std::uint64_t{1} << 48U);
    EXPECT_EQ(sizes.new_buckets, std::uint64_t{1} << 49U);
    EXPECT_EQ(sizes.bytes, 0U);
  }
}

TEST(GrowthReason, IsTombstonesWhereATableWasNotFull) {
  struct Case {
    gm_kind kind;
    std::uint64_t keys;
    std::uint64_t old_buckets;
    Reason reason;
  };
  for (const auto& [kind, keys, old_buckets, reason] : {
           Case{GM_KIND_DOUBLE, 13, 2, Reason::kLoadFactor},
           Case{GM_KIND_SAME_SIZE, 13, 2, Reason::kOverflow},
           Case{GM_KIND_TO_TABLE, 8, 8, Reason::kLoadFactor},
           Case{GM_KIND_TABLE_DOUBLE, 14, 16, Reason::kLoadFactor},
           Case{GM_KIND_TABLE_DOUBLE, 13, 16, Reason::kTombstones},
           Case{GM_KIND_TABLE_DOUBLE, 7, 8, Reason::kLoadFactor},
           Case{GM_KIND_SPLIT, 896, 1024, Reason::kLoadFactor},
           Case{GM_KIND_SPLIT, 895, 1024, Reason::kTombstones},
           Case{GM_KIND_UNKNOWN, 0, 0, Reason::kLoadFactor},
       })
    EXPECT_EQ(growth_reason(kind, keys, old_buckets), reason) << kind << ", " << keys;
}

TEST(LoadFactor, IsKeysPerBucketAndNeverInfinite) {
  EXPECT_DOUBLE_EQ(load_factor(13, 2), 6.5);
  EXPECT_DOUBLE_EQ(load_factor(7, 8), 0.875);
  EXPECT_DOUBLE_EQ(load_factor(7, 0), 0.0);
}

TEST(GrowthKind, HasTheNamesOfTheContract) {
  EXPECT_EQ(to_string(GM_KIND_UNKNOWN), "unknown");
  EXPECT_EQ(to_string(GM_KIND_DOUBLE), "double");
  EXPECT_EQ(to_string(GM_KIND_SAME_SIZE), "same_size");
  EXPECT_EQ(to_string(GM_KIND_TO_TABLE), "to_table");
  EXPECT_EQ(to_string(GM_KIND_TABLE_DOUBLE), "table_double");
  EXPECT_EQ(to_string(GM_KIND_SPLIT), "split");
  EXPECT_EQ(to_string(GM_KIND_COUNT), "unknown");
  EXPECT_EQ(to_string(Reason::kLoadFactor), "load_factor");
  EXPECT_EQ(to_string(Reason::kOverflow), "overflow");
  EXPECT_EQ(to_string(Reason::kTombstones), "tombstones");
}

}  // namespace
}  // namespace gomapd::model
