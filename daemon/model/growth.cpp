// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth.h"

#include <algorithm>

#include "daemon/model/classic.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
std::string_view to_string(gm_kind kind) {
  switch (kind) {
    case GM_KIND_DOUBLE: return "double";
    case GM_KIND_SAME_SIZE: return "same_size";
    case GM_KIND_TO_TABLE: return "to_table";
    case GM_KIND_TABLE_DOUBLE: return "table_double";
    case GM_KIND_SPLIT: return "split";
    case GM_KIND_UNKNOWN:
    case GM_KIND_COUNT: break;
  }
  return "unknown";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kLoadFactor: return "load_factor";
    case Reason::kOverflow: return "overflow";
    case Reason::kTombstones: return "tombstones";
  }
  return "unknown";
}

std::uint64_t bucket_array_bytes(unsigned b, const SlotShape& shape) {
  return classic::bucket_array(b, shape).bytes;
}

std::uint64_t table_bytes(std::uint64_t slots, const SlotShape& shape) {
  return swiss::table_bytes(slots, shape);
}

GrowthSizes growth_sizes(gm_kind kind, unsigned old_log2, const SlotShape& shape) {
  const unsigned b = std::min(old_log2, classic::kLargestB);
  const auto old_size = std::uint64_t{1} << b;
  switch (kind) {
    case GM_KIND_DOUBLE: return {old_size, old_size * 2, bucket_array_bytes(b + 1, shape)};
    case GM_KIND_SAME_SIZE: return {old_size, old_size, bucket_array_bytes(b, shape)};
    case GM_KIND_TO_TABLE:
      return {swiss::kSlotsPerGroup, swiss::kFirstTableSlots,
              table_bytes(swiss::kFirstTableSlots, shape)};
    case GM_KIND_TABLE_DOUBLE: return {old_size, old_size * 2, table_bytes(old_size * 2, shape)};
    case GM_KIND_SPLIT:
      return {old_size, 2 * swiss::kMaxTableSlots, 2 * table_bytes(swiss::kMaxTableSlots, shape)};
    case GM_KIND_UNKNOWN:
    case GM_KIND_COUNT: break;
  }
  return {};
}

Reason growth_reason(gm_kind kind, std::uint64_t keys, std::uint64_t old_buckets) {
  switch (kind) {
    case GM_KIND_SAME_SIZE: return Reason::kOverflow;
    case GM_KIND_TABLE_DOUBLE:
    case GM_KIND_SPLIT:
      return keys < swiss::max_growth_left(old_buckets) ? Reason::kTombstones : Reason::kLoadFactor;
    default: return Reason::kLoadFactor;
  }
}

double load_factor(std::uint64_t keys, std::uint64_t old_buckets) {
  return old_buckets == 0 ? 0.0 : static_cast<double>(keys) / static_cast<double>(old_buckets);
}

}  // namespace gomapd::model
