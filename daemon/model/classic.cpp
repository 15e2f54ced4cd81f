// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/classic.h"

#include <algorithm>

namespace gomapd::model::classic {
namespace {

// go1.15 to go1.25 runtime/malloc.go: maxAlloc on 64-bit systems
constexpr std::uint64_t kMaxAlloc = std::uint64_t{1} << 48U;

}  // namespace

std::uint64_t load_factor_of_two(go::Version version) {
  return version.minor == 21 ? 12 : 13;
}

bool over_load_factor(std::uint64_t keys, unsigned b, go::Version version) {
  const auto pairs = (std::uint64_t{1} << std::min(b, kLargestB)) / 2;  // 0 for one bucket
  return keys > kSlotsPerBucket && keys > load_factor_of_two(version) * pairs;
}

std::uint64_t most_keys(unsigned b, go::Version version) {
  const auto pairs = (std::uint64_t{1} << std::min(b, kLargestB)) / 2;
  return std::max(kSlotsPerBucket, load_factor_of_two(version) * pairs);
}

std::uint64_t overflow_limit(unsigned b) {
  return std::uint64_t{1} << std::min(b, kLargestExactOverflowB);
}

bool too_many_overflow_buckets(std::uint64_t noverflow, unsigned b) {
  return noverflow >= overflow_limit(b);
}

unsigned b_for_hint(std::uint64_t hint, const SlotShape& shape) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(hint, shape.unit_bytes, &bytes) || bytes > kMaxAlloc) return 0;
  unsigned b = 0;
  while (b < kLargestB && over_load_factor(hint, b, shape.version)) ++b;
  return b;
}

Growth growth_on_insert(std::uint64_t keys, unsigned b, std::uint64_t noverflow,
                        go::Version version) {
  if (over_load_factor(keys + 1, b, version)) return Growth::kDouble;
  return too_many_overflow_buckets(noverflow, b) ? Growth::kSameSize : Growth::kNone;
}

BucketArray bucket_array(unsigned b, const SlotShape& shape) {
  const auto base = std::uint64_t{1} << std::min(b, kLargestB);
  BucketArray array{.buckets = base, .overflow_ahead = b < 4 ? 0 : base / 16, .bytes = 0};
  std::uint64_t size = 0;
  if (shape.unit_bytes == 0 ||
      __builtin_mul_overflow(base + array.overflow_ahead, shape.unit_bytes, &size))
    return array;
  if (array.overflow_ahead != 0) {
    const auto fitting = usable_bytes(size, shape.scan, shape.version) / shape.unit_bytes;
    array.overflow_ahead = fitting - base;
    size = fitting * shape.unit_bytes;
  }
  array.bytes = allocated_bytes(size, shape.scan, shape.version);
  return array;
}

}  // namespace gomapd::model::classic
