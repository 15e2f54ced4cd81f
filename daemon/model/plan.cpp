// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/plan.h"

#include <algorithm>
#include <bit>

#include "daemon/model/classic.h"
#include "daemon/model/splits.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

// Up to here, splits are worked out one by one.
constexpr std::uint64_t kSimulatedKeys = 1U << 20U;

// A growth is listed and what it throws away is summed up.
void add(Plan& plan, const PlannedGrowth& growth) {
  plan.total_bytes += growth.sizes.bytes * growth.count;
  plan.growths.push_back(growth);
}

void set_b(Plan& plan, unsigned b, const SlotShape& shape) {
  const auto array = classic::bucket_array(b, shape);
  plan.b = b;
  plan.buckets = array.buckets;
  plan.overflow_ahead = array.overflow_ahead;
  plan.slots = array.buckets * classic::kSlotsPerBucket;
  plan.bytes = array.bytes;
  plan.next_growth_keys = classic::most_keys(b, shape.version);
}

void set_tables(Plan& plan, std::uint64_t tables, std::uint64_t slots, const SlotShape& shape) {
  plan.tables = tables;
  plan.table_slots = slots;
  plan.slots = tables == 0 ? swiss::kSlotsPerGroup : tables * slots;
  plan.bytes = tables == 0 ? swiss::small_map_bytes(shape) : tables * table_bytes(slots, shape);
}

// Nothing is there before the first key.
void make_lazy(Plan& plan) {
  plan.is_lazy = true;
  plan.bytes = 0;
}

Plan insert_classic(std::uint64_t inserts, const SlotShape& shape) {
  Plan plan;
  plan.total_bytes = inserts == 0 ? 0 : bucket_array_bytes(0, shape);
  unsigned b = 0;
  for (; classic::most_keys(b, shape.version) < inserts; ++b)
    add(plan, {.keys = classic::most_keys(b, shape.version),
               .kind = GM_KIND_DOUBLE,
               .sizes = growth_sizes(GM_KIND_DOUBLE, b, shape)});
  set_b(plan, b, shape);
  plan.overflow_used = expected_overflow_buckets(inserts, plan.buckets);
  if (inserts == 0) make_lazy(plan);
  plan.discarded_bytes = plan.total_bytes - plan.bytes;
  return plan;
}

// Splits after the first: which table is full is up to the hashes.
void add_splits(Plan& plan, std::uint64_t inserts, const SlotShape& shape) {
  constexpr auto kFullLog2 = std::countr_zero(swiss::kMaxTableSlots);
  const auto splits =
      inserts <= kSimulatedKeys ? simulate_splits(inserts) : expected_splits(inserts);
  std::uint64_t tables = 1;
  for (const auto& split : splits) {
    add(plan, {.keys = split.keys,
               .kind = GM_KIND_SPLIT,
               .sizes = growth_sizes(GM_KIND_SPLIT, kFullLog2, shape),
               .count = split.count,
               .estimated = split.depth != 0});
    tables += split.count;
  }
  set_tables(plan, tables, swiss::kMaxTableSlots, shape);
  plan.estimated = true;
  plan.next_growth_keys.reset();
}

Plan insert_swiss(std::uint64_t inserts, const SlotShape& shape) {
  Plan plan;
  set_tables(plan, 0, 0, shape);
  plan.next_growth_keys = swiss::kSlotsPerGroup;
  if (inserts == 0) {
    make_lazy(plan);
    return plan;
  }
  plan.total_bytes = plan.bytes;
  if (inserts > swiss::kSlotsPerGroup) {
    add(plan, {.keys = swiss::kSlotsPerGroup,
               .kind = GM_KIND_TO_TABLE,
               .sizes = growth_sizes(GM_KIND_TO_TABLE, 0, shape)});
    auto slots = swiss::kFirstTableSlots;
    for (; swiss::max_growth_left(slots) < inserts && slots < swiss::kMaxTableSlots; slots *= 2)
      add(plan, {.keys = swiss::max_growth_left(slots),
                 .kind = GM_KIND_TABLE_DOUBLE,
                 .sizes = growth_sizes(GM_KIND_TABLE_DOUBLE,
                                       static_cast<unsigned>(std::countr_zero(slots)), shape)});
    set_tables(plan, 1, slots, shape);
    plan.next_growth_keys = swiss::max_growth_left(slots);
    if (inserts > swiss::max_growth_left(slots)) add_splits(plan, inserts, shape);
  }
  plan.discarded_bytes = plan.total_bytes - plan.bytes;
  return plan;
}

}  // namespace

SlotShape MapShape::slots() const {
  return design == go::Design::kClassic ? bucket_shape(key, elem, version)
                                        : group_shape(key, elem, version, layout);
}

Plan plan_hint(const MapShape& shape, std::uint64_t hint) {
  Plan plan;
  const auto slots = shape.slots();
  if (shape.design == go::Design::kClassic) {
    set_b(plan, classic::b_for_hint(hint, slots), slots);
    if (plan.b == 0) make_lazy(plan);
  } else {
    const auto made = swiss::directory_for_hint(hint, slots);
    set_tables(plan, made.tables, made.table_slots, slots);
    if (made.tables == 0) make_lazy(plan);
    plan.next_growth_keys =
        made.tables == 0
            ? swiss::kSlotsPerGroup
            : expected_first_full(made.tables, swiss::max_growth_left(made.table_slots));
    plan.next_growth_estimated = made.tables > 1;
  }
  plan.total_bytes = plan.bytes;
  return plan;
}

Plan plan_inserts(const MapShape& shape, std::uint64_t inserts) {
  return shape.design == go::Design::kClassic ? insert_classic(inserts, shape.slots())
                                              : insert_swiss(inserts, shape.slots());
}

}  // namespace gomapd::model
