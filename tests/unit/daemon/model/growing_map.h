// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/model/plan.h"
#include "daemon/model/trace.h"

namespace gomapd::model {

// Where maps of a test grow, and of which type.
struct Place {
  Stack stack;
  MapShape shape;
  TypeInfo type;

  Place(std::string function, const MapShape& of)
      : stack{{std::move(function), "main.go", 7, false, 0}},
        shape(of),
        type{"map[int]int", of.slots()} {}
};

inline MapShape classic_shape() {
  return {.version = {23, 0}, .design = go::Design::kClassic, .key = {}, .elem = {}};
}
inline MapShape swiss_shape() {
  return {.version = {26, 0}, .design = go::Design::kSwiss, .key = {}, .elem = {}};
}

inline constexpr std::uint64_t kGrowthNs = 1000;

// One map and the clock of its program: hands on the events of its growths.
class GrowingMap {
 public:
  using Take = std::function<void(const GrowthEvent&)>;

  // The place must outlive what is taken from its events.
  GrowingMap(const Place& place, std::uint64_t address, Take take)
      : place_(&place), take_(std::move(take)) {
    event_.address = address;
    event_.identity = address * 31 + 1;
    event_.design = place.shape.design;
    event_.stack = &place.stack;
    event_.type = &place.type;
  }

  GrowthEvent& event() { return event_; }

  // Starts and ends a growth at the time.
  void grow(gm_kind kind, unsigned old_log2, std::uint64_t keys, std::uint64_t at_ns,
            Reason reason = Reason::kLoadFactor) {
    event_.kind = kind;
    event_.reason = reason;
    event_.sizes = growth_sizes(kind, old_log2, place_->type.shape);
    event_.keys = kind == GM_KIND_SPLIT ? 896 : keys;
    event_.go_map_keys = keys;
    event_.what = GM_RECORD_STARTED;
    event_.monotonic_ns = at_ns;
    take_(event_);
    event_.what = GM_RECORD_FINISHED;
    event_.monotonic_ns = at_ns + kGrowthNs;
    event_.duration_ns = kGrowthNs;
    take_(event_);
    event_.duration_ns = 0;
  }

  // All growths on the way to so many keys, one key each `ns_per_key`.
  void fill(std::uint64_t keys, std::uint64_t from_ns = 0, std::uint64_t ns_per_key = 100) {
    for (const auto& growth : plan_inserts(place_->shape, keys).growths) {
      unsigned log2 = 0;
      while ((std::uint64_t{1} << log2) < growth.sizes.old_buckets) ++log2;
      grow(growth.kind, log2, growth.keys, from_ns + growth.keys * ns_per_key);
    }
  }

 private:
  const Place* place_;
  Take take_;
  GrowthEvent event_;
};

}  // namespace gomapd::model
