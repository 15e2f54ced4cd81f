// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/price.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gomapd::model {
namespace {

// One CPU busy for two seconds, with 1,000 growths a second.
PriceSample busy() {
  return {.seconds = 2,
          .cpu_ns = 2e9,
          .probe_ns = 0,
          .window_cpu_ns = 1e8,
          .starts = 100,
          .growths = 2000,
          .growths_error = 100,
          .described = 0,
          .buckets = 0,
          .buckets_squared = 0,
          .hit = {.ns = 1000, .error_ns = 100}};
}

TEST(Price, IsTwoHitsForEachGrowth) {
  const auto price = price_of(busy());
  EXPECT_DOUBLE_EQ(price.growths_per_second, 1000);
  EXPECT_DOUBLE_EQ(price.cpus, 1);
  EXPECT_DOUBLE_EQ(price.growth.hits_per_second, 2000);
  EXPECT_NEAR(price.growth.overhead, 0.002 / 1.002, 1e-12);
  EXPECT_FALSE(price.is_at_most);
  // A tenth of what was counted, a twentieth of what windows differ, a tenth of a hit.
  EXPECT_NEAR(price.growths_error.value(), 1000 * std::hypot(0.1, 0.05), 1e-9);
  EXPECT_NEAR(price.growth.error.value(), 0.002 * std::hypot(0.1, 0.05, 0.1), 1e-5);
}

TEST(Price, IsNoMoreThanAllOfTheTime) {
  auto sample = busy();
  sample.growths = 2e9;
  const auto price = price_of(sample);
  EXPECT_GT(price.growth.overhead, 0.99);
  EXPECT_LT(price.growth.overhead, 1);
}

TEST(Price, HasMovedBucketsFromWhatWasDescribed) {
  auto sample = busy();
  EXPECT_DOUBLE_EQ(price_of(sample).buckets.hits_per_second, 2000);
  sample.described = 10;
  sample.buckets = 80;
  sample.buckets_squared = 640;
  EXPECT_DOUBLE_EQ(price_of(sample).buckets.hits_per_second, 10'000);
  EXPECT_DOUBLE_EQ(price_of(sample).growth.hits_per_second, 2000);
  // One that is a thousand times as large makes it uncertain.
  const auto before = price_of(sample).buckets.error.value() / price_of(sample).buckets.overhead;
  sample.described = 11;
  sample.buckets += 8000;
  sample.buckets_squared += 64e6;
  EXPECT_GT(price_of(sample).buckets.error.value() / price_of(sample).buckets.overhead, before);
}

TEST(Price, OfWhatWasNotSeenIsABound) {
  auto sample = busy();
  sample.starts = 0;
  sample.growths = 0;
  const auto price = price_of(sample);
  EXPECT_TRUE(price.is_at_most);
  EXPECT_DOUBLE_EQ(price.growths_per_second, 30);  // three in a tenth of a second
  EXPECT_NEAR(price.growth.overhead, 60e-6, 1e-8);
  EXPECT_FALSE(price.growth.error.has_value());
}

TEST(Price, OfAProcessThatSleepsIsNothing) {
  auto sample = busy();
  sample.cpu_ns = 0;
  sample.window_cpu_ns = 0;
  sample.starts = 0;
  sample.growths = 0;
  for (const auto& price : {price_of(sample), price_of({})}) {
    EXPECT_EQ(price.growths_per_second, 0);
    EXPECT_EQ(price.growth.overhead, 0);
    EXPECT_FALSE(price.is_at_most);
  }
}

TEST(Price, ErrorIsUnknownFromAFewWindows) {
  auto sample = busy();
  sample.growths_error.reset();
  EXPECT_FALSE(price_of(sample).growths_error.has_value());
  EXPECT_FALSE(price_of(sample).growth.error.has_value());
}

}  // namespace
}  // namespace gomapd::model
