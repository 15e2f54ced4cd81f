// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bpf/interface.h"
#include "daemon/model/slot_shape.h"

namespace gomapd::model {

enum class Reason : std::uint8_t { kLoadFactor, kOverflow, kTombstones };

[[nodiscard]] std::string_view to_string(gm_kind kind);  // "double", …, "unknown"
[[nodiscard]] std::string_view to_string(Reason reason);

// Sizes before and after. Classic: buckets. Swiss: slots of the table concerned,
// both halves of a split counted together.
struct GrowthSizes {
  std::uint64_t old_buckets = 0;
  std::uint64_t new_buckets = 0;
  std::uint64_t bytes = 0;  // taken from the heap for the new array or tables; 0 unknown
};

// `old_log2` is classic B, or log2 of a Swiss table's slots (3 for the single
// group of a small map); values no runtime can have are taken as their limit.
[[nodiscard]] GrowthSizes growth_sizes(gm_kind kind, unsigned old_log2, const SlotShape& shape);

// Bytes of a classic bucket array of 2^b buckets with the overflow buckets that
// the runtime allocates ahead. go1.15 to go1.25 runtime/map.go: makeBucketArray
[[nodiscard]] std::uint64_t bucket_array_bytes(unsigned b, const SlotShape& shape);

// Bytes of a Swiss table of `slots` slots and its header.
// go1.24 to go1.27 internal/runtime/maps/table.go: newTable
[[nodiscard]] std::uint64_t table_bytes(std::uint64_t slots, const SlotShape& shape);

// Why the runtime grew it. `keys`: in the map (classic) or table (Swiss).
// go1.24 internal/runtime/maps/table.go: a table is full when keys and
// tombstones together fill 7/8 of it.
[[nodiscard]] Reason growth_reason(gm_kind kind, std::uint64_t keys, std::uint64_t old_buckets);

// Keys per bucket (classic) or slot (Swiss).
[[nodiscard]] double load_factor(std::uint64_t keys, std::uint64_t old_buckets);

}  // namespace gomapd::model
