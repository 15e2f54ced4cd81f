// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/picture.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace gomapd::model {
namespace {

using Words = std::vector<std::uint64_t>;

TEST(Picture, HasACellForEachBucketOfAFewOnes) {
  const Words tops{0, 0x0505, 0x0202020202020202};
  const Words overflow{0, 2, 0};
  const auto picture = picture_of(3, tops, overflow);
  ASSERT_EQ(picture.cells.size(), 3);
  EXPECT_EQ(picture.cells[0].filled, 0);
  EXPECT_EQ(picture.cells[1].filled, 0.25);
  EXPECT_EQ(picture.cells[1].overflow, 2);
  EXPECT_EQ(picture.cells[2].filled, 0);
  EXPECT_EQ(picture.cells[2].moved, 1);
}

// Whatever the number of buckets, their sums are in the picture.
TEST(Picture, LosesNoBucket) {
  for (const std::size_t buckets : {1, 255, 256, 257, 512, 1000, 65536}) {
    const Words tops(buckets, 0x05);
    Words overflow(buckets);
    std::iota(overflow.begin(), overflow.end(), 0);
    const auto picture = picture_of(buckets, tops, overflow);
    ASSERT_EQ(picture.cells.size(), std::min<std::size_t>(buckets, kPictureCells));
    double sum = 0;
    for (std::size_t i = 0; i < picture.cells.size(); ++i) {
      const auto own =
          buckets * (i + 1) / picture.cells.size() - buckets * i / picture.cells.size();
      EXPECT_EQ(picture.cells[i].filled, 0.125);
      sum += picture.cells[i].overflow * static_cast<double>(own);
    }
    EXPECT_NEAR(sum, static_cast<double>(buckets * (buckets - 1) / 2), 1e-3);
  }
}

TEST(Picture, OfNothingIsEmpty) {
  EXPECT_TRUE(picture_of(0, {}, {}).cells.empty());
}

TEST(Picture, TellsWhoseOverflowBucketsAre) {
  // Buckets 1 and 2 have one; that of 2 has another, which has another.
  const Words links{0, 0xa0, 0xb0, /*a0*/ 0, /*b0*/ 0xc0, /*c0*/ 0xd0, /*d0*/ 0};
  EXPECT_EQ(overflow_by_bucket(links, 3), (Words{0, 1, 3}));
}

TEST(Picture, FollowsNoLinkBeyondWhatIsThere) {
  const Words links{0xa0, 0xb0};
  EXPECT_EQ(overflow_by_bucket(links, 2), (Words{1, 1}));
  EXPECT_EQ(overflow_by_bucket({}, 2), (Words{0, 0}));
}

}  // namespace
}  // namespace gomapd::model
