// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/cache_plan.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {

MapShape cache_shape(go::Version version, go::Design design, std::uint64_t entry_bytes) {
  constexpr std::uint64_t kKeyBytes = 8;
  const auto key = std::min(entry_bytes, kKeyBytes);
  const auto elem = entry_bytes - key;
  return {.version = version,
          .design = design,
          .key = {.size = key, .align = natural_align(key), .has_pointers = false},
          .elem = {.size = elem, .align = natural_align(elem), .has_pointers = false}};
}

CachePlan plan_cache(const CacheLoad& load, const MapShape& shape) {
  CachePlan plan;
  plan.shape = shape;
  plan.requests = load.requests_per_second * std::chrono::duration<double>(load.lifetime).count();
  plan.keys = distinct_keys(load.law, plan.requests);
  plan.hint = static_cast<std::uint64_t>(std::ceil(plan.keys.expected));
  if (plan.hint > kMaxPlannedKeys) return plan;
  plan.made = plan_hint(shape, plan.hint);
  plan.grown = plan_inserts(shape, plan.hint);
  if (shape.elem.is_indirect())
    plan.outside_bytes =
        plan.hint * allocated_bytes(shape.elem.size, Scan::kNoPointers, shape.version);
  return plan;
}

}  // namespace gomapd::model
