// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/slot_shape.h"

// The rules of Go's classic maps: up to Go 1.23, and in 1.24 and 1.25 with
// GOEXPERIMENT=noswissmap. The logic is the same in all of them but for the load
// factor of Go 1.21. go1.15 to go1.23 runtime/map.go, later map_noswiss.go.
namespace gomapd::model::classic {

inline constexpr std::uint64_t kSlotsPerBucket = 8;
// More would be more buckets than an address space holds.
inline constexpr unsigned kLargestB = 48;
// Up to here h.noverflow counts each overflow bucket; above, it samples.
// incrnoverflow
inline constexpr unsigned kLargestExactOverflowB = 15;

// Keys that a pair of buckets holds before the map doubles: loadFactorNum, with
// loadFactorDen 2. Go 1.21 computes it as (8 * 13 / 16) * 2 in integers.
[[nodiscard]] std::uint64_t load_factor_of_two(go::Version version);

// overLoadFactor
[[nodiscard]] bool over_load_factor(std::uint64_t keys, unsigned b, go::Version version);
// The most keys that 2^b buckets hold: one more doubles them.
[[nodiscard]] std::uint64_t most_keys(unsigned b, go::Version version);
// The overflow buckets that are too many for 2^b buckets.
[[nodiscard]] std::uint64_t overflow_limit(unsigned b);
// tooManyOverflowBuckets. Chains may be as long as they like: buckets are counted.
[[nodiscard]] bool too_many_overflow_buckets(std::uint64_t noverflow, unsigned b);

// B of make(map[K]V, hint). makemap: a hint whose buckets no address space holds
// counts as 0; at B = 0 the bucket is allocated by the first assignment.
[[nodiscard]] unsigned b_for_hint(std::uint64_t hint, const SlotShape& shape);

enum class Growth : std::uint8_t { kNone, kDouble, kSameSize };
// What an assignment of a new key starts, in a map of `keys` keys that is not
// growing. mapassign, hashGrow: a same-size growth leaves B as it is.
[[nodiscard]] Growth growth_on_insert(std::uint64_t keys, unsigned b, std::uint64_t noverflow,
                                      go::Version version);

// makeBucketArray: 2^b buckets, from b = 4 on with overflow buckets ahead, and
// what the allocator's rounding leaves over becomes overflow buckets too.
struct BucketArray {
  std::uint64_t buckets = 0;
  std::uint64_t overflow_ahead = 0;
  std::uint64_t bytes = 0;  // 0 unknown
};
[[nodiscard]] BucketArray bucket_array(unsigned b, const SlotShape& shape);

// Where evacuation takes a key, to one of 2^b: the old index ("x", low), or when
// doubling 2^(b-1) above it ("y", high) where the hash's next bit is set.
[[nodiscard]] constexpr std::uint64_t bucket_of(std::uint64_t hash, unsigned b) {
  return hash & ((std::uint64_t{1} << b) - 1);
}

// advanceEvacuationMark looks no further than this past the bucket just moved.
inline constexpr std::uint64_t kEvacuationLookAhead = 1024;

}  // namespace gomapd::model::classic
