// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/sizes_seen.h"

namespace gomapd::model {

struct KeyRange {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool estimated = false;
};

// What a hint would have changed for the maps that were seen.
// growths, thrown_bytes, time_ns: of the growths that begin below the level at
// which a map with that hint begins; it never does these. Known map by map.
// wasted_bytes: what the maps that stayed smaller would have taken more, as they
// were when last seen to grow.
struct Saving {
  unsigned level = 0;
  std::uint64_t hint = 0;
  KeyRange same;  // hints that make the same map
  std::uint64_t growths = 0;
  std::uint64_t bytes = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t wasted_bytes = 0;
  std::uint64_t smaller_maps = 0;
  // A map of so few keys that it is not seen would take that much more.
  std::uint64_t bytes_per_unseen = 0;

  [[nodiscard]] std::int64_t net_bytes() const {
    return static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(wasted_bytes);
  }
};

enum class Verdict : std::uint8_t {
  kHint,  // write it
  kFewGrowths,
  kDeletesDominate,
  kKeepsGrowing,
  kSizesSpread,
  kNotYourCode,
};
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "hint", "few_growths", …

struct SiteAdvice {
  SiteSizes site;
  Verdict verdict = Verdict::kHint;
  Saving asked;  // of the percentile that was asked for
  // The hint with which most bytes remain saved, if that is clearly another one.
  std::optional<Saving> better;
  // What the percentile would do, where `asked` is a smaller hint in its place: it
  // wastes too much.
  std::optional<Saving> too_large;
  KeyRange p50;
  KeyRange p90;
  KeyRange p99;
  KeyRange max;
  std::string caller;  // not your code: who called it most; empty: not known
};

// A map that rose through the whole trace. Evidence, no proof: a cache that is
// being filled looks the same.
struct LeakSuspect {
  SiteSizes site;
  Track track;  // the site's largest
  double keys_per_second = 0;
};

struct Advice {
  double percentile = 90;
  std::uint64_t began_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t duration_ns = 0;
  std::vector<SiteAdvice> sites;  // best first: hints by net bytes, then the others
  std::vector<LeakSuspect> leak_suspects;
  std::uint64_t growths = 0;
  std::uint64_t go_maps = 0;
  std::uint64_t forgotten = 0;    // maps that were not followed to the end
  std::uint64_t lost_events = 0;  // growths that are not part of all this
};

// Fewer growths than this, and fewer bytes thrown away, are not worth a change.
inline constexpr std::uint64_t kFewGrowths = 50;
inline constexpr std::uint64_t kFewBytes = 64U << 10U;
// What a better hint saves more, at least.
inline constexpr double kClearlyBetter = 1.25;
// What is wasted lives as long as the map, what is saved was garbage: a hint must
// save so many times what it wastes.
inline constexpr std::uint64_t kWorthItsWaste = 2;
// A smaller hint is advised in place of one that wastes too much if so much of
// what that one saves remains.
inline constexpr double kStillWorthIt = 0.25;
// In a shorter trace, everything that a program builds keeps growing.
inline constexpr std::uint64_t kLeastLeakTraceNs = 2'000'000'000;
inline constexpr std::uint32_t kLeastLeakGrowths = 3;

// What a hint for so many percent of a site's maps would have saved. 0 < percentile <= 100.
[[nodiscard]] Saving saving_of(const SiteSizes& site, double percentile);

// Whether a map grew from the beginning to the end of a trace: three growths at
// least, the last after two fifths of it, over a third of its time at least, each with
// more keys than the one before, few of them due to deletes.
[[nodiscard]] bool keeps_growing(const Track& track, std::uint64_t began_ns,
                                 std::uint64_t duration_ns);

[[nodiscard]] Advice advise(const SizesSeen& seen, double percentile, std::uint64_t began_ns,
                            std::uint64_t duration_ns);

}  // namespace gomapd::model
