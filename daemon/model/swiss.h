// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/slot_shape.h"

// The rules of Go's Swiss maps, Go 1.24 and later.
// go1.24 to go1.27 internal/runtime/maps/{map,table,group}.go
namespace gomapd::model::swiss {

inline constexpr std::uint64_t kSlotsPerGroup = 8;      // abi.MapGroupSlots
inline constexpr std::uint64_t kMaxTableSlots = 1024;   // maxTableCapacity
inline constexpr std::uint64_t kMaxAverageLoad = 7;     // of a group: maxAvgGroupLoad
inline constexpr std::uint64_t kTableHeaderBytes = 32;  // type table
// What the first table of a map has: growToTable.
inline constexpr std::uint64_t kFirstTableSlots = 2 * kSlotsPerGroup;

// Keys and tombstones that an empty table of `slots` slots takes: maxGrowthLeft.
[[nodiscard]] constexpr std::uint64_t max_growth_left(std::uint64_t slots) {
  return slots <= kSlotsPerGroup ? slots - 1 : slots / kSlotsPerGroup * kMaxAverageLoad;
}

// What make(map[K]V, hint) allocates. NewMap: up to 8, or more than an address
// space holds, nothing (`tables` is 0: a small map).
struct Directory {
  std::uint64_t tables = 0;       // the directory's length, a power of two
  std::uint64_t table_slots = 0;  // of each
};
[[nodiscard]] Directory directory_for_hint(std::uint64_t hint, const SlotShape& shape);

enum class Growth : std::uint8_t { kTableDouble, kSplit };
// What a full table does. table.rehash: there is no rehash at the same size.
[[nodiscard]] constexpr Growth rehash(std::uint64_t slots) {
  return 2 * slots <= kMaxTableSlots ? Growth::kTableDouble : Growth::kSplit;
}

// Which of the runtime's functions assigns: for keys of 4 or 8 bytes and strings,
// for pointers, or any other (and elements above 128 bytes).
// cmd/compile/internal/walk: mapfast
enum class Assign : std::uint8_t { kFast, kFastPointer, kGeneric };
// Whether that one tries to get rid of tombstones before it lets a full table
// grow. Since Go 1.25 the fast ones do, for pointers since 1.27; mapassign, the
// generic one, has not begun to (reflect goes through it, too).
// internal/runtime/maps/runtime*.go: calls of pruneTombstones
[[nodiscard]] constexpr bool prunes_tombstones(go::Version version, Assign assign) {
  switch (assign) {
    case Assign::kFast: return version.minor >= 25;
    case Assign::kFastPointer: return version.minor >= 27;
    case Assign::kGeneric: break;
  }
  return false;
}
// Whether so many of a table's slots are a tenth of it: what makes a prune worth
// its while, first of all tombstones, then of those that can go.
[[nodiscard]] constexpr bool is_worth_pruning(std::uint64_t tombstones, std::uint64_t slots) {
  return tombstones * 10 >= slots;
}

// Up to Go 1.26 any assignment to a full small map makes it a table, also one to
// a key that it holds. map.go: PutSlot
[[nodiscard]] constexpr bool small_map_grows_on_update(go::Version version) {
  return version.minor <= 26;
}

// Bytes of a table of `slots` slots and its header; 0 unknown. newTable
[[nodiscard]] std::uint64_t table_bytes(std::uint64_t slots, const SlotShape& shape);
// Bytes of the group of a small map. growToSmall
[[nodiscard]] std::uint64_t small_map_bytes(const SlotShape& shape);

}  // namespace gomapd::model::swiss
