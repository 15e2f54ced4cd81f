// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "daemon/model/capacity.h"
#include "daemon/model/recent.h"
#include "daemon/model/trace.h"

namespace gomapd::model {

// What is known of the sizes that maps reach, from the growths of a trace.
//
// A map is seen when it grows. Its size lies between the keys that it had at its
// last growth and those at which it would have grown again: its level (see
// Capacity) says both. All sizes of a level take the same array or tables, so
// growths and bytes that a hint saves follow from levels exactly; only of Swiss
// maps of several tables, where hashes decide which is full, they are estimates.
// A map that never grew (8 keys or fewer, or made with a hint that was enough) is
// not seen at all.

// Of the growths that began at one level, and the maps whose last one led there.
struct LevelSums {
  std::uint64_t growths = 0;       // doublings; same-size growths don't leave a level
  std::uint64_t thrown_bytes = 0;  // the arrays that they replaced, with overflow buckets
  std::uint64_t time_ns = 0;       // of the finished ones
  std::uint64_t go_maps = 0;
  std::uint64_t held_bytes = 0;  // by these maps, as they are now
};

// A growth that doubled what a map held since the one before.
struct Milestone {
  std::uint64_t monotonic_ns = 0;
  std::uint64_t keys = 0;
};

// One map, from its first growth that was seen to its last.
struct Track {
  std::uint64_t identity = 0;
  std::uint64_t address = 0;
  std::uint32_t pid = 0;
  std::uint32_t site = 0;
  std::uint32_t growths = 0;
  std::uint32_t from_deletes = 0;
  std::uint64_t tables = 0;  // Swiss; of 1,024 slots, 1 also for a smaller one
  std::uint8_t level = 0;    // after the last growth
  std::uint8_t growing = 0;  // the level at which the last growth began
  bool doubling = false;     // the last growth does
  bool only_rises = true;    // each growth had more keys than the one before
  std::uint64_t held_bytes = 0;
  Milestone first;
  Milestone last;
  // Of maps that are at least kLongLivedNs old at their next growth.
  std::vector<Milestone> milestones;
};

// Maps that first grew at the same line and have the same type.
struct SiteSizes {
  std::string function;  // empty: not known
  std::string file;
  std::int32_t line = 0;
  std::optional<std::string> type;
  Capacity capacity;
  std::vector<LevelSums> levels;  // by level
  std::uint64_t go_maps = 0;
  std::uint64_t growths = 0;
  // Growths that deletes brought about: same-size ones, and of Swiss tables that
  // were full of tombstones.
  std::uint64_t from_deletes = 0;
  // Maps that had grown before the first growth that was seen: made before the
  // trace, or with a hint that was too small, or emptied (which gives a new seed).
  std::uint64_t not_from_the_start = 0;
  // Maps whose address another one has taken: they are gone, or were emptied.
  std::uint64_t abandoned = 0;
  std::uint64_t newest_ns = 0;     // when the last of them began to grow
  std::uint64_t largest_keys = 0;  // at a growth
  // Maps that the standard library made grow, by the
  // nearest frame that is not of it ("function file:line").
  std::map<std::string, std::uint64_t> callers;
};

class SizesSeen {
 public:
  // Maps that are followed at a time; about 250 bytes each. Those beyond that have
  // not grown for longest are forgotten: one of these that grows again after all
  // counts as another map.
  static constexpr std::size_t kLimit = 1U << 20U;
  static constexpr std::size_t kMaxCallers = 64;  // per site, likewise
  static constexpr std::uint64_t kLongLivedNs = 100'000'000;

  explicit SizesSeen(std::size_t limit = kLimit) : tracks_(limit) {}

  // In the order of time. What the event points to must outlive this.
  void add(const GrowthEvent& event);

  [[nodiscard]] const std::vector<SiteSizes>& sites() const { return sites_; }
  [[nodiscard]] const Recent<Track>& tracks() const { return tracks_; }

 private:
  void start(const GrowthEvent& event);
  void finish(const GrowthEvent& event);
  void begin(Track& track, const GrowthEvent& event);
  void grow(Track& track, const GrowthEvent& event);
  void move_to_level(Track& track, unsigned level);
  std::uint32_t site_of(const GrowthEvent& event);

  using SiteKey = std::tuple<std::string, std::string, std::int32_t, std::optional<std::string>,
                             go::Design, go::Version, std::uint64_t, Scan>;
  std::vector<SiteSizes> sites_;
  std::map<SiteKey, std::uint32_t> by_key_;
  std::map<std::tuple<const Stack*, const TypeInfo*, go::Design>, std::uint32_t> by_pointers_;
  Recent<Track> tracks_;
};

}  // namespace gomapd::model
