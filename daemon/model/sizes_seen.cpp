// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/sizes_seen.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "daemon/model/classic.h"
#include "daemon/model/own_code.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

constexpr auto kFullTableLevel = static_cast<unsigned>(std::countr_zero(swiss::kMaxTableSlots));

unsigned log2_floor(std::uint64_t value) {
  return value == 0 ? 0 : static_cast<unsigned>(std::bit_width(value)) - 1;
}

// Where a map lives: a later one at the same place takes its track. One on a
// goroutine's stack has no lasting place.
std::uint64_t place_of(const GrowthEvent& event) {
  if (event.on_goroutine_stack) return event.identity;
  auto hash = (event.pid ^ event.address) * 0x9e3779b97f4a7c15ULL;
  hash ^= hash >> 32U;
  return hash ^ event.pid;
}

bool comes_from_deletes(const GrowthEvent& event) {
  return event.kind == GM_KIND_SAME_SIZE || event.reason == Reason::kTombstones;
}

// Swiss: how many tables a map has that is met at this growth. Of tables made
// together, the first is full when they hold most of what they can.
std::uint64_t tables_at(const GrowthEvent& event) {
  if (event.kind == GM_KIND_TO_TABLE || event.go_map_keys <= event.keys) return 1;
  const auto room = std::max<std::uint64_t>(swiss::max_growth_left(event.sizes.old_buckets), 1);
  return std::bit_ceil((event.go_map_keys + room - 1) / room);
}

unsigned level_before(const GrowthEvent& event, std::uint64_t tables) {
  switch (event.kind) {
    case GM_KIND_TABLE_DOUBLE: return log2_floor(event.sizes.old_buckets) + log2_floor(tables);
    case GM_KIND_SPLIT: return kFullTableLevel + log2_floor(tables);
    default: return log2_floor(event.sizes.old_buckets);
  }
}

// Buckets without pointers do not keep their overflow buckets alive: a slice does,
// anew since each growth, doubled as it is appended to.
// go1.15 to go1.25 runtime/map.go: createOverflow, newoverflow, hashGrow
std::uint64_t overflow_slice_bytes(std::uint64_t overflow_buckets, const SlotShape& shape) {
  if (shape.scan != Scan::kNoPointers || overflow_buckets == 0) return 0;
  constexpr std::uint64_t kSliceHeader = 24;
  constexpr std::uint64_t kPointer = 8;
  auto bytes = allocated_bytes(kSliceHeader, Scan::kPointers, shape.version);
  constexpr std::uint64_t kMostBuckets = std::uint64_t{1} << 32U;
  for (std::uint64_t room = 1;; room *= 2) {
    bytes += allocated_bytes(room * kPointer, Scan::kPointers, shape.version);
    if (room >= std::min(overflow_buckets, kMostBuckets)) return bytes;
  }
}

// What a doubling replaces. Classic maps' overflow buckets go with it: those that
// were not part of the array came from the heap one by one.
std::uint64_t thrown_bytes(const GrowthEvent& event, const Capacity& capacity) {
  const auto& shape = event.type->shape;
  // The compiler puts such a map's first bucket or group on the stack, too.
  const bool is_first = event.sizes.old_buckets == 1 || event.kind == GM_KIND_TO_TABLE;
  if (event.on_goroutine_stack && is_first) return 0;
  if (capacity.design == go::Design::kSwiss)
    return event.kind == GM_KIND_TO_TABLE ? swiss::small_map_bytes(shape)
                                          : table_bytes(event.sizes.old_buckets, shape);
  const auto array = classic::bucket_array(log2_floor(event.sizes.old_buckets), shape);
  const auto single =
      event.overflow_buckets - std::min(event.overflow_buckets, array.overflow_ahead);
  return array.bytes + single * allocated_bytes(shape.unit_bytes, shape.scan, shape.version) +
         overflow_slice_bytes(event.overflow_buckets, shape);
}

}  // namespace

void SizesSeen::add(const GrowthEvent& event) {
  if (event.kind == GM_KIND_UNKNOWN || event.sizes.old_buckets == 0) return;
  if (event.what == GM_RECORD_STARTED) start(event);
  if (event.what == GM_RECORD_FINISHED) finish(event);
}

void SizesSeen::start(const GrowthEvent& event) {
  auto& track = tracks_[place_of(event)];
  if (track.growths == 0 || track.identity != event.identity) {
    if (track.growths != 0) ++sites_[track.site].abandoned;
    begin(track, event);
  }
  grow(track, event);
}

void SizesSeen::begin(Track& track, const GrowthEvent& event) {
  track = {};
  track.identity = event.identity;
  track.address = event.address;
  track.pid = event.pid;
  track.site = site_of(event);
  track.tables = tables_at(event);
  track.first = {event.monotonic_ns, event.go_map_keys};
  track.last = track.first;
  auto& site = sites_[track.site];
  ++site.go_maps;
  site.newest_ns = event.monotonic_ns;
  const auto level = level_before(event, track.tables);
  if (level > site.capacity.lowest()) ++site.not_from_the_start;
  track.level = static_cast<std::uint8_t>(level);
  site.levels.resize(std::max<std::size_t>(site.levels.size(), level + 1));
  ++site.levels[level].go_maps;  // and moves on at once
}

void SizesSeen::grow(Track& track, const GrowthEvent& event) {
  auto& site = sites_[track.site];
  ++track.growths;
  ++site.growths;
  const bool deletes = comes_from_deletes(event);
  track.from_deletes += deletes ? 1 : 0;
  site.from_deletes += deletes ? 1 : 0;
  const auto keys = event.go_map_keys;
  site.largest_keys = std::max(site.largest_keys, keys);
  track.only_rises = track.only_rises && keys >= track.last.keys;
  track.last = {event.monotonic_ns, keys};
  track.address = event.address;  // on a stack, which moves
  const auto& since = track.milestones.empty() ? track.first : track.milestones.back();
  if (event.monotonic_ns - track.first.monotonic_ns >= kLongLivedNs && keys / 2 >= since.keys)
    track.milestones.push_back(track.last);

  const auto level = level_before(event, track.tables);
  track.growing = static_cast<std::uint8_t>(level);
  track.doubling = event.kind != GM_KIND_SAME_SIZE;
  if (!track.doubling) {
    move_to_level(track, level);
    return;
  }
  site.levels.resize(std::max<std::size_t>(site.levels.size(), level + 1));
  ++site.levels[level].growths;
  site.levels[level].thrown_bytes += thrown_bytes(event, site.capacity);
  if (event.kind == GM_KIND_SPLIT) ++track.tables;
  const auto partly = std::has_single_bit(track.tables) ? 0U : 1U;
  move_to_level(track, event.kind == GM_KIND_SPLIT
                           ? kFullTableLevel + log2_floor(track.tables) + partly
                           : level + 1);
}

void SizesSeen::move_to_level(Track& track, unsigned level) {
  auto& site = sites_[track.site];
  level = std::min(level, Capacity::kHighest);
  site.levels.resize(std::max<std::size_t>(site.levels.size(), level + 1));
  auto& from = site.levels[track.level];
  --from.go_maps;
  from.held_bytes -= track.held_bytes;
  const bool swiss_tables =
      site.capacity.design == go::Design::kSwiss && level > kFullTableLevel && track.tables > 1;
  track.level = static_cast<std::uint8_t>(level);
  track.held_bytes =
      swiss_tables ? site.capacity.bytes_of_tables(track.tables) : site.capacity.bytes(level);
  auto& to = site.levels[level];
  ++to.go_maps;
  to.held_bytes += track.held_bytes;
}

void SizesSeen::finish(const GrowthEvent& event) {
  const auto* track = event.began_before ? nullptr : tracks_.find(place_of(event));
  if (track != nullptr && track->identity == event.identity && track->doubling)
    sites_[track->site].levels[track->growing].time_ns += event.duration_ns;
}

std::uint32_t SizesSeen::site_of(const GrowthEvent& event) {
  const std::tuple pointers{event.stack, event.type, event.design};
  const auto known = by_pointers_.find(pointers);
  const symbol::Frame nowhere;
  const auto* const user = user_frame(*event.stack);
  const auto& frame = user == nullptr ? nowhere : *user;
  std::uint32_t index = 0;
  if (known != by_pointers_.end()) {
    index = known->second;
  } else {
    const auto& shape = event.type->shape;
    const auto [at, is_new] =
        by_key_.try_emplace({frame.function, frame.file, frame.line, event.type->name, event.design,
                             shape.version, shape.unit_bytes, shape.scan},
                            static_cast<std::uint32_t>(sites_.size()));
    index = at->second;
    by_pointers_.emplace(pointers, index);
    if (is_new) {
      auto& site = sites_.emplace_back();
      site.function = frame.function;
      site.file = frame.file;
      site.line = frame.line;
      site.type = event.type->name;
      site.capacity = {event.design, shape};
    }
  }
  if (is_standard_library(frame.function)) {
    const auto* own = nearest_own_frame(*event.stack);
    auto& callers = sites_[index].callers;
    auto text = own == nullptr ? std::string()
                               : fmt::format("{} {}:{}", own->function, own->file, own->line);
    if (callers.size() < kMaxCallers || callers.contains(text)) ++callers[std::move(text)];
  }
  return index;
}

}  // namespace gomapd::model
