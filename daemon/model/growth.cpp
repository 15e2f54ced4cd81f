// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/growth.h"

#include <algorithm>

namespace gomapd::model {
namespace {

// More would be more buckets than an address space holds.
constexpr unsigned kLargestB = 48;
// go1.24 internal/runtime/maps/table.go: maxTableCapacity
constexpr std::uint64_t kMaxTableSlots = 1024;
constexpr std::uint64_t kSlotsPerGroup = 8;
constexpr std::uint64_t kTableHeaderBytes = 32;  // type table

}  // namespace

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
  if (shape.unit_bytes == 0) return 0;
  const auto base = std::uint64_t{1} << std::min(b, kLargestB);
  std::uint64_t size = 0;
  const auto ahead = b < 4 ? 0 : base / 16;
  if (__builtin_mul_overflow(base + ahead, shape.unit_bytes, &size)) return 0;
  // What the size class leaves over becomes overflow buckets too.
  if (ahead != 0)
    size = usable_bytes(size, shape.scan, shape.version) / shape.unit_bytes * shape.unit_bytes;
  return allocated_bytes(size, shape.scan, shape.version);
}

std::uint64_t table_bytes(std::uint64_t slots, const SlotShape& shape) {
  if (shape.unit_bytes == 0) return 0;
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(slots / kSlotsPerGroup, shape.unit_bytes, &size)) return 0;
  return allocated_bytes(size, shape.scan, shape.version) +
         allocated_bytes(kTableHeaderBytes, Scan::kPointers, shape.version);
}

GrowthSizes growth_sizes(gm_kind kind, unsigned old_log2, const SlotShape& shape) {
  const unsigned b = std::min(old_log2, kLargestB);
  const auto old_size = std::uint64_t{1} << b;
  switch (kind) {
    case GM_KIND_DOUBLE:
      return {old_size, old_size * 2, bucket_array_bytes(b + 1, shape)};
    case GM_KIND_SAME_SIZE:
      return {old_size, old_size, bucket_array_bytes(b, shape)};
    case GM_KIND_TO_TABLE:
      return {kSlotsPerGroup, 2 * kSlotsPerGroup, table_bytes(2 * kSlotsPerGroup, shape)};
    case GM_KIND_TABLE_DOUBLE:
      return {old_size, old_size * 2, table_bytes(old_size * 2, shape)};
    case GM_KIND_SPLIT:
      return {old_size, 2 * kMaxTableSlots, 2 * table_bytes(kMaxTableSlots, shape)};
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
      return keys < old_buckets / 8 * 7 ? Reason::kTombstones : Reason::kLoadFactor;
    default: return Reason::kLoadFactor;
  }
}

double load_factor(std::uint64_t keys, std::uint64_t old_buckets) {
  return old_buckets == 0 ? 0.0 : static_cast<double>(keys) / static_cast<double>(old_buckets);
}

}  // namespace gomapd::model
