// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include "tests/unit/daemon/model/fake_resolver.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kType = 0x4a0000;
constexpr std::uint64_t kStack = 77;
constexpr std::uint64_t kTracingSince = 1'000;

gm_counter_key key_of(gm_kind kind, std::uint8_t old_log2) {
  return {.tgid = 41,
          .kind = static_cast<__u8>(kind),
          .old_log2 = old_log2,
          .pad = 0,
          .type = kType,
          .stack = kStack};
}

gm_record record_of(gm_record_kind what, gm_kind kind, std::uint8_t old_log2) {
  gm_record record{};
  record.kind = what;
  record.size = sizeof(record);
  record.time_ns = 5'000;
  record.tgid = 41;
  record.tid = 43;
  record.goid = 18;
  record.go_map = 0xc000123000;
  record.seed = 0x1234;
  record.keys = 14;
  record.go_map_keys = 200;
  record.duration_ns = 9'000;
  record.key = key_of(kind, old_log2);
  record.binary = 2;
  record.overflow_buckets = 3;
  return record;
}

class Decode : public testing::Test {
 protected:
  Decode() {
    resolver_.types[{2, kType}] = int_type();
    resolver_.stacks[{2, kStack}] = {{"main.fill", "main.go", 12, false}};
  }

  FakeResolver resolver_;
};

TEST_F(Decode, TakesEveryFieldOfAStartedGrowth) {
  const auto event =
      decode(record_of(GM_RECORD_STARTED, GM_KIND_DOUBLE, 1), kTracingSince, resolver_);
  EXPECT_EQ(event.what, GM_RECORD_STARTED);
  EXPECT_EQ(event.monotonic_ns, 5'000U);
  EXPECT_EQ(event.pid, 41U);
  EXPECT_EQ(event.tid, 43U);
  EXPECT_EQ(event.goid, 18U);
  EXPECT_EQ(event.address, 0xc000123000U);
  EXPECT_FALSE(event.on_goroutine_stack);
  EXPECT_EQ(event.design, go::Design::kClassic);
  EXPECT_EQ(event.kind, GM_KIND_DOUBLE);
  EXPECT_EQ(event.reason, Reason::kLoadFactor);
  EXPECT_EQ(event.keys, 14U);
  EXPECT_EQ(event.go_map_keys, 200U);
  EXPECT_EQ(event.sizes.old_buckets, 2U);
  EXPECT_EQ(event.sizes.new_buckets, 4U);
  EXPECT_EQ(event.sizes.bytes, 576U);  // 4 * 144
  EXPECT_EQ(event.overflow_buckets, 3U);
  EXPECT_FALSE(event.overflow_is_estimate);
  EXPECT_FALSE(event.began_before);
  EXPECT_EQ(event.type->name, "map[int64]int64");
  ASSERT_EQ(event.stack->size(), 1U);
  EXPECT_EQ(event.stack->front().function, "main.fill");
}

TEST_F(Decode, GivesAFinishedGrowthItsDuration) {
  const auto event =
      decode(record_of(GM_RECORD_FINISHED, GM_KIND_SAME_SIZE, 4), kTracingSince, resolver_);
  EXPECT_EQ(event.what, GM_RECORD_FINISHED);
  EXPECT_EQ(event.reason, Reason::kOverflow);
  EXPECT_EQ(event.duration_ns, 9'000U);
}

TEST_F(Decode, GivesAGrowthThatBeganBeforeTracingTheTimeSinceThen) {
  auto record = record_of(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 4);
  record.flags = GM_FLAG_BEGAN_BEFORE;
  const auto event = decode(record, kTracingSince, resolver_);
  EXPECT_TRUE(event.began_before);
  EXPECT_EQ(event.duration_ns, 4'000U);
  record.time_ns = kTracingSince - 1;
  EXPECT_EQ(decode(record, kTracingSince, resolver_).duration_ns, 0U);
}

TEST_F(Decode, TellsWhichBucketMovedAndHowManyHave) {
  auto record = record_of(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 4);
  record.keys = 9;
  record.go_map_keys = 10;
  const auto event = decode(record, kTracingSince, resolver_);
  EXPECT_EQ(event.what, GM_RECORD_EVACUATED);
  EXPECT_EQ(event.design, go::Design::kClassic);
  EXPECT_EQ(event.bucket, 9U);
  EXPECT_EQ(event.evacuated, 10U);
  EXPECT_EQ(event.sizes.old_buckets, 16U);
  EXPECT_EQ(event.keys, 0U);
}

TEST_F(Decode, TellsHowManyTombstonesWent) {
  auto record = record_of(GM_RECORD_PRUNED, GM_KIND_UNKNOWN, 0);
  record.keys = 9;
  const auto event = decode(record, kTracingSince, resolver_);
  EXPECT_EQ(event.what, GM_RECORD_PRUNED);
  EXPECT_EQ(event.design, go::Design::kSwiss);
  EXPECT_EQ(event.tombstones_removed, 9U);
  EXPECT_EQ(event.keys, 0U);
}

TEST_F(Decode, ReadsEachFlagByItself) {
  auto record = record_of(GM_RECORD_FINISHED, GM_KIND_SPLIT, 10);
  record.flags = GM_FLAG_ON_STACK;
  EXPECT_TRUE(decode(record, kTracingSince, resolver_).on_goroutine_stack);
  EXPECT_FALSE(decode(record, kTracingSince, resolver_).began_before);
  EXPECT_FALSE(decode(record, kTracingSince, resolver_).directory_doubles);
  record.flags = GM_FLAG_DIRECTORY_GROWS;
  EXPECT_TRUE(decode(record, kTracingSince, resolver_).directory_doubles);
  EXPECT_FALSE(decode(record, kTracingSince, resolver_).on_goroutine_stack);
  EXPECT_FALSE(decode(record, kTracingSince, resolver_).began_before);
  record.flags = 0xffff;
  EXPECT_TRUE(decode(record, kTracingSince, resolver_).on_goroutine_stack);
  EXPECT_TRUE(decode(record, kTracingSince, resolver_).began_before);
}

TEST_F(Decode, TellsTheDesignByTheKind) {
  for (const auto kind : {GM_KIND_DOUBLE, GM_KIND_SAME_SIZE})
    EXPECT_EQ(decode(record_of(GM_RECORD_STARTED, kind, 3), kTracingSince, resolver_).design,
              go::Design::kClassic);
  for (const auto kind : {GM_KIND_TO_TABLE, GM_KIND_TABLE_DOUBLE, GM_KIND_SPLIT})
    EXPECT_EQ(decode(record_of(GM_RECORD_STARTED, kind, 3), kTracingSince, resolver_).design,
              go::Design::kSwiss);
}

TEST_F(Decode, TakesKindsThatNobodyKnowsAsUnknown) {
  for (const unsigned kind : {0U, 6U, 7U, 255U}) {
    auto record = record_of(GM_RECORD_STARTED, GM_KIND_DOUBLE, 3);
    record.key.kind = static_cast<__u8>(kind);
    const auto event = decode(record, kTracingSince, resolver_);
    EXPECT_EQ(event.kind, GM_KIND_UNKNOWN) << kind;
    EXPECT_EQ(event.sizes.new_buckets, 0U) << kind;
    EXPECT_EQ(event.sizes.bytes, 0U) << kind;
  }
}

TEST_F(Decode, TakesRecordsOfNoKnownKindAsFinished) {
  for (const unsigned kind : {0U, 5U, 8U, 0xffffffffU}) {
    auto record = record_of(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 3);
    record.kind = kind;
    EXPECT_EQ(decode(record, kTracingSince, resolver_).what, GM_RECORD_FINISHED) << kind;
  }
}

TEST_F(Decode, BoundsASizeThatNoRuntimeHas) {
  for (const unsigned old_log2 : {48U, 64U, 255U}) {
    const auto event =
        decode(record_of(GM_RECORD_STARTED, GM_KIND_DOUBLE, static_cast<std::uint8_t>(old_log2)),
               kTracingSince, resolver_);
    EXPECT_EQ(event.sizes.old_buckets, std::uint64_t{1} << 48U) << old_log2;
    EXPECT_EQ(event.sizes.new_buckets, std::uint64_t{1} << 49U) << old_log2;
  }
}

// go1.23 runtime/map.go: incrnoverflow
TEST_F(Decode, CallsTheOverflowCountAnEstimateFromB16On) {
  EXPECT_FALSE(decode(record_of(GM_RECORD_STARTED, GM_KIND_SAME_SIZE, 15), kTracingSince, resolver_)
                   .overflow_is_estimate);
  EXPECT_TRUE(decode(record_of(GM_RECORD_STARTED, GM_KIND_SAME_SIZE, 16), kTracingSince, resolver_)
                  .overflow_is_estimate);
}

TEST_F(Decode, LeavesTypeAndStackEmptyWhereTheyAreNotKnown) {
  auto record = record_of(GM_RECORD_STARTED, GM_KIND_DOUBLE, 3);
  record.key.type = 0;
  record.key.stack = 0;
  const auto event = decode(record, kTracingSince, resolver_);
  EXPECT_EQ(event.type->name, std::nullopt);
  EXPECT_TRUE(event.stack->empty());
  EXPECT_EQ(event.sizes.new_buckets, 16U);
  EXPECT_EQ(event.sizes.bytes, 0U);
}

}  // namespace
}  // namespace gomapd::model
