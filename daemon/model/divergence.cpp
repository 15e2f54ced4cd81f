// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/divergence.h"

#include <bit>

#include "daemon/model/classic.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

// Classic: hashGrow decides by the keys with the one to come, then by overflow
// buckets; the event holds what it decided by.
bool is_legal(const GrowthEvent& event, classic::Growth started) {
  const auto b = static_cast<unsigned>(std::countr_zero(event.sizes.old_buckets));
  return b < classic::kLargestB && classic::growth_on_insert(event.keys, b, event.overflow_buckets,
                                                             event.type->shape.version) == started;
}

// Swiss: a table that grows has as many slots as its kind of growth takes. Its
// keys may be fewer than it has room for, the rest are tombstones.
bool is_legal(const GrowthEvent& event, swiss::Growth started) {
  const auto slots = event.sizes.old_buckets;
  return std::has_single_bit(slots) && slots >= swiss::kSlotsPerGroup &&
         slots <= swiss::kMaxTableSlots && swiss::rehash(slots) == started &&
         event.keys <= swiss::max_growth_left(slots) && event.keys <= event.go_map_keys;
}

bool may_start(const GrowthEvent& event) {
  switch (event.kind) {
    case GM_KIND_DOUBLE: return is_legal(event, classic::Growth::kDouble);
    case GM_KIND_SAME_SIZE: return is_legal(event, classic::Growth::kSameSize);
    case GM_KIND_TO_TABLE:
      return event.keys == swiss::kSlotsPerGroup && event.go_map_keys == swiss::kSlotsPerGroup;
    case GM_KIND_TABLE_DOUBLE: return is_legal(event, swiss::Growth::kTableDouble);
    case GM_KIND_SPLIT: return is_legal(event, swiss::Growth::kSplit);
    case GM_KIND_UNKNOWN:
    case GM_KIND_COUNT: break;
  }
  return false;
}

}  // namespace

bool diverges(const GrowthEvent& event) {
  const auto& version = event.type->shape.version;
  if (version.minor == 0) return false;
  switch (event.what) {
    case GM_RECORD_STARTED: return !may_start(event);
    case GM_RECORD_EVACUATED:
      // Each old bucket moves once.
      return event.sizes.old_buckets != 0 &&
             (event.bucket >= event.sizes.old_buckets || event.evacuated > event.sizes.old_buckets);
    case GM_RECORD_PRUNED:
      return event.tombstones_removed != 0 &&
             !swiss::prunes_tombstones(version, swiss::Assign::kFast);
    case GM_RECORD_FINISHED: break;
  }
  return false;
}

void Divergences::add(const GrowthEvent& event) {
  const bool came_from_nowhere =
      seen_ == Seen::kFromTheStart && event.what == GM_RECORD_FINISHED && event.began_before;
  if (came_from_nowhere || diverges(event)) ++count_;
}

}  // namespace gomapd::model
