// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/cache_plan.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

using std::chrono::seconds;

CachePlan plan_of(std::uint64_t entry_bytes, go::Design design = go::Design::kSwiss) {
  const CacheLoad load{.requests_per_second = 1000,
                       .lifetime = seconds(100),
                       .law = {.alpha = 1, .keys = 10'000},
                       .entry_bytes = entry_bytes};
  return plan_cache(load, cache_shape({23, 0}, design, entry_bytes));
}

TEST(CachePlan, TakesTheKeysOfALifetimeAsHint) {
  const auto plan = plan_of(16);
  EXPECT_DOUBLE_EQ(plan.requests, 100'000);
  EXPECT_DOUBLE_EQ(plan.keys.expected, distinct_keys({.alpha = 1, .keys = 10'000}, 1e5).expected);
  EXPECT_EQ(plan.hint, static_cast<std::uint64_t>(plan.keys.expected) + 1);
  EXPECT_EQ(plan.made.bytes, plan_hint(plan.shape, plan.hint).bytes);
  EXPECT_EQ(plan.grown.discarded_bytes, plan_inserts(plan.shape, plan.hint).discarded_bytes);
}

TEST(CachePlan, KeepsSmallEntriesInTheMap) {
  const auto plan = plan_of(8 + 128, go::Design::kClassic);
  EXPECT_EQ(plan.outside_bytes, 0);
  EXPECT_EQ(plan.shape.slots().unit_bytes, 8 + 8 * 8 + 8 * 128 + 8);
}

TEST(CachePlan, CountsLargeElementsOutside) {
  const auto plan = plan_of(8 + 136, go::Design::kClassic);
  EXPECT_EQ(plan.outside_bytes, plan.hint * 144);  // its size class
  EXPECT_EQ(plan.shape.slots().unit_bytes, 8 + 8 * 8 + 8 * 8 + 8);
}

TEST(CachePlan, TakesEntriesOfAnySize) {
  for (std::uint64_t bytes = 1; bytes < 40; ++bytes) {
    const auto shape = cache_shape({26, 0}, go::Design::kSwiss, bytes);
    EXPECT_EQ(shape.key.size + shape.elem.size, bytes);
    EXPECT_EQ(shape.key.size % shape.key.align, 0) << bytes;
    EXPECT_EQ(shape.elem.size % shape.elem.align, 0) << bytes;
  }
}

}  // namespace
}  // namespace gomapd::model
