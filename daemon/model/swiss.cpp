// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/swiss.h"

#include <algorithm>
#include <bit>

namespace gomapd::model::swiss {
namespace {

// go1.24 to go1.27 runtime/malloc.go: maxAlloc on 64-bit systems
constexpr std::uint64_t kMaxAlloc = std::uint64_t{1} << 48U;
// Larger ones are refused for their memory anyway, and their product overflows.
constexpr std::uint64_t kLargestHint = std::uint64_t{1} << 48U;

}  // namespace

Directory directory_for_hint(std::uint64_t hint, const SlotShape& shape) {
  if (hint <= kSlotsPerGroup || hint > kLargestHint) return {};
  const auto target = hint * kSlotsPerGroup / kMaxAverageLoad;
  const auto tables = std::bit_ceil((target + kMaxTableSlots - 1) / kMaxTableSlots);
  // As the runtime has it: by group, though there are 8 slots in one.
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(tables * kMaxTableSlots, shape.unit_bytes, &bytes) ||
      bytes > kMaxAlloc)
    return {};
  return {.tables = tables,
          .table_slots = std::bit_ceil(std::max(target / tables, kSlotsPerGroup))};
}

std::uint64_t table_bytes(std::uint64_t slots, const SlotShape& shape) {
  if (shape.unit_bytes == 0) return 0;
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(slots / kSlotsPerGroup, shape.unit_bytes, &size)) return 0;
  return allocated_bytes(size, shape.scan, shape.version) +
         allocated_bytes(kTableHeaderBytes, Scan::kPointers, shape.version);
}

std::uint64_t small_map_bytes(const SlotShape& shape) {
  return allocated_bytes(shape.unit_bytes, shape.scan, shape.version);
}

}  // namespace gomapd::model::swiss
