// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/divergence.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

TypeInfo type_of(int minor) {
  return {.name = "map[int]int", .shape = {.unit_bytes = 144, .version = {minor, 0}}};
}

GrowthEvent started(gm_kind kind, std::uint64_t keys, std::uint64_t old_buckets,
                    std::uint64_t overflow = 0) {
  static const TypeInfo kType = type_of(23);
  GrowthEvent event;
  event.what = GM_RECORD_STARTED;
  event.kind = kind;
  event.keys = event.go_map_keys = keys;
  event.sizes.old_buckets = old_buckets;
  event.overflow_buckets = overflow;
  event.type = &kType;
  return event;
}

TEST(Divergence, AcceptsWhatTheRuntimeDoes) {
  for (const auto& event :
       {started(GM_KIND_DOUBLE, 8, 1), started(GM_KIND_DOUBLE, 13, 2),
        started(GM_KIND_DOUBLE, 104, 16, 30), started(GM_KIND_SAME_SIZE, 100, 16, 16),
        started(GM_KIND_SAME_SIZE, 100'000, 1U << 20U, 32768), started(GM_KIND_TO_TABLE, 8, 8),
        started(GM_KIND_TABLE_DOUBLE, 14, 16), started(GM_KIND_TABLE_DOUBLE, 3, 512),
        started(GM_KIND_SPLIT, 896, 1024), started(GM_KIND_SPLIT, 10, 1024)})
    EXPECT_FALSE(diverges(event)) << event.kind << " " << event.keys;
}

TEST(Divergence, RefusesWhatNoRuntimeDoes) {
  for (const auto& event :
       {started(GM_KIND_DOUBLE, 7, 1), started(GM_KIND_DOUBLE, 12, 2),
        started(GM_KIND_DOUBLE, 103, 16, 16), started(GM_KIND_DOUBLE, 104, 0),
        started(GM_KIND_SAME_SIZE, 100, 16, 15), started(GM_KIND_SAME_SIZE, 104, 16, 16),
        started(GM_KIND_TO_TABLE, 7, 8), started(GM_KIND_TO_TABLE, 9, 8),
        started(GM_KIND_TABLE_DOUBLE, 15, 16), started(GM_KIND_TABLE_DOUBLE, 14, 1024),
        started(GM_KIND_TABLE_DOUBLE, 3, 24), started(GM_KIND_SPLIT, 448, 512),
        started(GM_KIND_SPLIT, 897, 1024), started(GM_KIND_UNKNOWN, 8, 1)})
    EXPECT_TRUE(diverges(event)) << event.kind << " " << event.keys;
}

TEST(Divergence, RefusesATableWithMoreKeysThanItsMap) {
  auto event = started(GM_KIND_SPLIT, 896, 1024);
  event.go_map_keys = 100;
  EXPECT_TRUE(diverges(event));
}

TEST(Divergence, KnowsTheLoadFactorOfGo121) {
  const auto type = type_of(21);
  auto event = started(GM_KIND_DOUBLE, 12, 2);
  event.type = &type;
  EXPECT_FALSE(diverges(event));
}

TEST(Divergence, DoesNotJudgeAnUnknownVersion) {
  const TypeInfo unknown;
  auto event = started(GM_KIND_DOUBLE, 1, 1);
  event.type = &unknown;
  EXPECT_FALSE(diverges(event));
}

TEST(Divergence, RefusesABucketThatIsNotThere) {
  auto event = started(GM_KIND_DOUBLE, 104, 16);
  event.what = GM_RECORD_EVACUATED;
  event.bucket = 15;
  event.evacuated = 16;
  EXPECT_FALSE(diverges(event));
  event.evacuated = 17;
  EXPECT_TRUE(diverges(event));
  event.evacuated = 1;
  event.bucket = 16;
  EXPECT_TRUE(diverges(event));
}

TEST(Divergence, CountsAnEndWithoutABeginningOnlyInATraceFromTheStart) {
  auto event = started(GM_KIND_DOUBLE, 104, 16);
  event.what = GM_RECORD_FINISHED;
  event.began_before = true;
  Divergences whole(Seen::kFromTheStart);
  Divergences part(Seen::kFromSomeTime);
  whole.add(event);
  part.add(event);
  EXPECT_EQ(whole.count(), 1U);
  EXPECT_EQ(part.count(), 0U);
}

}  // namespace
}  // namespace gomapd::model
