// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/model/growth.h"

namespace gomapd::model {

// What decides how a map is laid out: the runtime's design and the types.
struct MapShape {
  go::Version version;
  go::Design design = go::Design::kClassic;
  ValueType key;
  ValueType elem;
  GroupLayout layout = GroupLayout::kInterleaved;

  [[nodiscard]] SlotShape slots() const;
};

// Growths of one kind and size. Those that depend on hashes alone are computed
// as if hashes were uniform, and marked.
struct PlannedGrowth {
  std::uint64_t keys = 0;  // in the whole map when it comes
  gm_kind kind = GM_KIND_UNKNOWN;
  GrowthSizes sizes;
  std::uint64_t count = 1;  // of that level, where they are not listed one by one
  bool estimated = false;
};

// A map as it is made, or as inserts leave it.
struct Plan {
  unsigned b = 0;                    // classic
  std::uint64_t buckets = 0;         // classic
  std::uint64_t overflow_ahead = 0;  // classic: of the array
  // Classic, after inserts: overflow buckets in use. Estimated; the bytes of
  // those that come one by one are not part of any sum here.
  std::uint64_t overflow_used = 0;
  std::uint64_t tables = 0;       // Swiss; 0: a small map
  std::uint64_t table_slots = 0;  // Swiss, of each
  std::uint64_t slots = 0;
  std::uint64_t bytes = 0;  // of arrays or tables; without header and directory
  bool is_lazy = false;     // nothing is allocated before the first key
  bool estimated = false;   // `tables`, `slots` and the sums depend on hashes
  std::vector<PlannedGrowth> growths;
  std::uint64_t total_bytes = 0;      // allocated from first to last
  std::uint64_t discarded_bytes = 0;  // of these, no longer used
  // Keys that the map holds when it grows next, by inserts alone.
  std::optional<std::uint64_t> next_growth_keys;
  bool next_growth_estimated = false;
};

inline constexpr std::uint64_t kMaxPlannedKeys = std::uint64_t{1} << 40U;

// make(map[K]V, hint). Time and memory do not depend on `hint`.
[[nodiscard]] Plan plan_hint(const MapShape& shape, std::uint64_t hint);

// `inserts` different keys put into an empty map without a hint. Classic: exact,
// inserts alone start no same-size growth. A chain of n overflow buckets holds
// more than 8n keys, so there are fewer than 6.5/8 for each bucket, and one for
// each is needed (from B = 16 on, where they are sampled, all but certainly so).
// Swiss: exact up to the first split.
[[nodiscard]] Plan plan_inserts(const MapShape& shape, std::uint64_t inserts);

}  // namespace gomapd::model
