// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>

#include "daemon/model/plan.h"
#include "daemon/model/zipf.h"

namespace gomapd::model {

// A cache that does not exist yet: what it will be asked.
struct CacheLoad {
  double requests_per_second = 0;
  std::chrono::nanoseconds lifetime{};  // of an entry since its last use
  ZipfLaw law;
  std::uint64_t entry_bytes = 0;  // key and element, as they lie in the map
};

// And what its map should be made with.
struct CachePlan {
  double requests = 0;  // in one lifetime
  DistinctKeys keys;
  std::uint64_t hint = 0;  // keys.expected, rounded up
  MapShape shape;
  Plan made;   // with the hint
  Plan grown;  // the same keys without a hint
  // Elements that are too large for a slot and lie outside the map. 0 otherwise.
  std::uint64_t outside_bytes = 0;
};

// A key of 8 bytes (fewer where the entry is smaller) and an element of the rest.
[[nodiscard]] MapShape cache_shape(go::Version version, go::Design design,
                                   std::uint64_t entry_bytes);

// `load` as its fields say; no more keys than kMaxPlannedKeys, else `hint` alone
// is right.
[[nodiscard]] CachePlan plan_cache(const CacheLoad& load, const MapShape& shape);

}  // namespace gomapd::model
