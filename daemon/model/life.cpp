// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/life.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "daemon/model/classic.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

// A classic map on a goroutine's stack moves with it, so its identity stands for
// its address. The one call that a Swiss growth is begins and ends at one address.
std::uint64_t key_of(const GrowthEvent& event) {
  if (event.on_goroutine_stack && event.design == go::Design::kClassic) return event.identity;
  return (std::uint64_t{event.pid} << 48U) ^ event.address;
}

unsigned log2_of(std::uint64_t size) {
  return size == 0 ? 0 : static_cast<unsigned>(std::bit_width(size)) - 1;
}

Decision load_decision(const GrowthEvent& event, unsigned b) {
  const auto& version = event.type->shape.version;
  return {.condition = Condition::kOverLoadFactor,
          .value = event.keys + 1,
          .limit = classic::most_keys(b, version),
          .b = b,
          .keys_per_bucket = static_cast<double>(classic::load_factor_of_two(version)) / 2};
}

Decision table_decision(const GrowthEvent& event) {
  const auto limit = swiss::max_growth_left(event.sizes.old_buckets);
  return {.condition = Condition::kNoGrowthLeft,
          .value = limit,
          .limit = limit,
          .tombstones = limit - std::min(limit, event.keys)};
}

}  // namespace

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::kOverLoadFactor: return "over_load_factor";
    case Condition::kTooManyOverflowBuckets: return "too_many_overflow_buckets";
    case Condition::kSmallMapFull: return "small_map_full";
    case Condition::kNoGrowthLeft: return "no_growth_left";
  }
  return "unknown";
}

Decision decision_of(const GrowthEvent& started) {
  const auto b = log2_of(started.sizes.old_buckets);
  switch (started.kind) {
    case GM_KIND_SAME_SIZE:
      return {.condition = Condition::kTooManyOverflowBuckets,
              .value = started.overflow_buckets,
              .limit = classic::overflow_limit(b),
              .b = b};
    case GM_KIND_TO_TABLE:
      return {.condition = Condition::kSmallMapFull,
              .value = started.keys,
              .limit = swiss::kSlotsPerGroup};
    case GM_KIND_TABLE_DOUBLE:
    case GM_KIND_SPLIT: return table_decision(started);
    default: return load_decision(started, b);
  }
}

std::optional<LifeStep> Lives::add(const GrowthEvent& event) {
  const auto key = key_of(event);
  const bool at_address = addresses_.contains(event.address);
  // A map that moves with its stack is followed from where it was asked for.
  if (!addresses_.empty() && !at_address &&
      (!event.on_goroutine_stack || lives_.find(key) == nullptr))
    return std::nullopt;
  if (at_address) seen_.insert(event.address);
  LifeStep step;
  auto& life = lives_[key];
  switch (event.what) {
    case GM_RECORD_STARTED: start(life, event, step); break;
    case GM_RECORD_FINISHED: finish(life, event, step); break;
    case GM_RECORD_EVACUATED: move_bucket(life, event, step); break;
    case GM_RECORD_PRUNED: break;
  }
  return step;
}

void Lives::start(Life& life, const GrowthEvent& event, LifeStep& step) {
  step.end_missing = life.open.has_value();
  step.another_map =
      !event.on_goroutine_stack && life.identity != 0 && life.identity != event.identity;
  step.decision = decision_of(event);
  life = {.identity = event.on_goroutine_stack ? 0 : event.identity,
          .open = Open{.started = event}};
}

void Lives::finish(Life& life, const GrowthEvent& event, LifeStep& step) {
  // The end of a classic growth tells the map's keys; of a Swiss one, a single
  // call, they are those of its start.
  std::optional<std::uint64_t> keys;
  if (event.design == go::Design::kClassic)
    keys = event.keys;
  else if (life.open)
    keys = life.open->started.keys;
  if (keys)
    step.grown = {.keys = *keys, .load_factor = load_factor(*keys, event.sizes.new_buckets)};
  life.open.reset();
  life.moved_of_unseen = 0;
}

void Lives::move_bucket(Life& life, const GrowthEvent& event, LifeStep& step) {
  const auto old_buckets = event.sizes.old_buckets;
  step.moved = event.evacuated != 0 ? event.evacuated : ++life.moved_of_unseen;
  if (life.open) life.open->moved = step.moved;
  const auto stride = std::max<std::uint64_t>(old_buckets / kMilestones, 1);
  const bool first_unseen = event.evacuated == 0 && step.moved == 1;
  step.is_milestone = first_unseen || step.moved % stride == 0 || step.moved == old_buckets;
}

std::set<std::uint64_t> Lives::unseen() const {
  std::set<std::uint64_t> result;
  std::ranges::set_difference(addresses_, seen_, std::inserter(result, result.end()));
  return result;
}

}  // namespace gomapd::model
