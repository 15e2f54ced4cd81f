// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/advice.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "daemon/model/own_code.h"

namespace gomapd::model {
namespace {

// The lowest level that so many percent of the maps don't exceed.
unsigned level_at(const SiteSizes& site, double percentile) {
  const auto wanted = percentile / 100 * static_cast<double>(site.go_maps);
  std::uint64_t so_far = 0;
  for (unsigned level = 0; level < site.levels.size(); ++level) {
    so_far += site.levels[level].go_maps;
    if (so_far != 0 && static_cast<double>(so_far) >= wanted) return level;
  }
  return site.capacity.lowest();
}

KeyRange range_of(const Capacity& capacity, unsigned level) {
  return {.low = level <= capacity.lowest() ? 0 : capacity.most_keys(level - 1) + 1,
          .high = capacity.most_keys(level),
          .estimated = capacity.is_estimate(level)};
}

Saving saving_at(const SiteSizes& site, unsigned level) {
  Saving saving;
  saving.level = level;
  saving.hint = site.capacity.most_keys(level);
  saving.same = {.low = site.capacity.least_hint(level), .high = saving.hint};
  const auto hinted_bytes = site.capacity.bytes(level);
  for (unsigned below = 0; below < site.levels.size() && below < level; ++below) {
    const auto& sums = site.levels[below];
    saving.growths += sums.growths;
    saving.bytes += sums.thrown_bytes;
    saving.time_ns += sums.time_ns;
    saving.smaller_maps += sums.go_maps;
  }
  // At its own level too: a Swiss map may have got there with fewer tables.
  for (unsigned at = 0; at < site.levels.size() && at <= level; ++at) {
    const auto& sums = site.levels[at];
    const auto with_hint = sums.go_maps * hinted_bytes;
    saving.wasted_bytes += with_hint - std::min(with_hint, sums.held_bytes);
  }
  const auto unseen = site.capacity.bytes(site.capacity.lowest());
  saving.bytes_per_unseen = hinted_bytes - std::min(hinted_bytes, unseen);
  return saving;
}

std::optional<Saving> better_saving(const SiteSizes& site, const Saving& asked) {
  std::optional<Saving> best;
  auto most = kClearlyBetter * static_cast<double>(std::max<std::int64_t>(asked.net_bytes(), 0));
  for (unsigned level = site.capacity.lowest() + 1; level < site.levels.size(); ++level) {
    const auto saving = saving_at(site, level);
    if (static_cast<double>(saving.net_bytes()) <= most) continue;
    most = static_cast<double>(saving.net_bytes());
    best = saving;
  }
  return best;
}

bool wastes_too_much(const Saving& saving) {
  return saving.wasted_bytes > saving.bytes / kWorthItsWaste;
}

bool is_small(const Saving& saving) {
  return saving.growths < kFewGrowths && saving.bytes < kFewBytes;
}

Verdict judge(const SiteSizes& site, const Saving& asked, bool is_suspect) {
  if (2 * site.from_deletes >= site.growths) return Verdict::kDeletesDominate;
  if (is_suspect) return Verdict::kKeepsGrowing;
  if (is_small(asked)) return Verdict::kFewGrowths;
  if (is_standard_library(site.function)) return Verdict::kNotYourCode;
  return wastes_too_much(asked) ? Verdict::kSizesSpread : Verdict::kHint;
}

// The better hint takes the percentile's place where that one wastes too much.
void take_smaller(SiteAdvice& one) {
  if (one.verdict != Verdict::kSizesSpread || !one.better) return;
  const auto& better = *one.better;
  const auto worth_it = kStillWorthIt * static_cast<double>(one.asked.bytes);
  if (better.level >= one.asked.level || wastes_too_much(better) || is_small(better) ||
      static_cast<double>(better.net_bytes()) < worth_it)
    return;
  one.too_large = std::exchange(one.asked, better);
  one.better.reset();
  one.verdict = Verdict::kHint;
}

std::string busiest_caller(const SiteSizes& site) {
  const auto found =
      std::ranges::max_element(site.callers, {}, [](const auto& caller) { return caller.second; });
  return found == site.callers.end() ? std::string() : found->first;
}

// The largest map of each site, if it keeps growing. A site of which maps are
// abandoned is none whose maps only ever grow.
std::vector<std::optional<Track>> growing_tracks(const SizesSeen& seen, std::uint64_t began_ns,
                                                 std::uint64_t duration_ns) {
  std::vector<std::optional<Track>> largest(seen.sites().size());
  seen.tracks().for_each([&](const Track& track) {
    auto& one = largest[track.site];
    if (!one || track.last.keys > one->last.keys) one = track;
  });
  for (std::size_t site = 0; site < largest.size(); ++site)
    if (seen.sites()[site].abandoned != 0 ||
        (largest[site] && !keeps_growing(*largest[site], began_ns, duration_ns)))
      largest[site].reset();
  return largest;
}

LeakSuspect suspect_of(const SiteSizes& site, const Track& track) {
  const auto seconds =
      static_cast<double>(track.last.monotonic_ns - track.first.monotonic_ns) / 1e9;
  return {.site = site,
          .track = track,
          .keys_per_second = static_cast<double>(track.last.keys - track.first.keys) / seconds};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHint: return "hint";
    case Verdict::kFewGrowths: return "few_growths";
    case Verdict::kDeletesDominate: return "deletes_dominate";
    case Verdict::kKeepsGrowing: return "keeps_growing";
    case Verdict::kSizesSpread: return "sizes_spread";
    case Verdict::kNotYourCode: return "not_your_code";
  }
  return "unknown";
}

Saving saving_of(const SiteSizes& site, double percentile) {
  return saving_at(site, level_at(site, percentile));
}

bool keeps_growing(const Track& track, std::uint64_t began_ns, std::uint64_t duration_ns) {
  if (duration_ns < kLeastLeakTraceNs || track.growths < kLeastLeakGrowths) return false;
  if (!track.only_rises || track.last.keys <= track.first.keys) return false;
  if (4 * track.from_deletes > track.growths) return false;
  // Steady growth doubles once in the second half of any time, and three doublings
  // take at least three eighths of it. The trace lasts a little longer than the
  // program works: a tenth is to spare.
  return track.last.monotonic_ns >= began_ns + duration_ns / 10 * 4 &&
         track.last.monotonic_ns - track.first.monotonic_ns >= duration_ns / 3;
}

Advice advise(const SizesSeen& seen, double percentile, std::uint64_t began_ns,
              std::uint64_t duration_ns) {
  Advice advice{.percentile = percentile,
                .began_ns = began_ns,
                .duration_ns = duration_ns,
                .sites = {},
                .leak_suspects = {},
                .forgotten = seen.tracks().forgotten()};
  const auto growing = growing_tracks(seen, began_ns, duration_ns);
  for (std::size_t i = 0; i < seen.sites().size(); ++i) {
    const auto& site = seen.sites()[i];
    advice.growths += site.growths;
    advice.go_maps += site.go_maps;
    if (growing[i]) advice.leak_suspects.push_back(suspect_of(site, *growing[i]));
    auto& one = advice.sites.emplace_back();
    one.site = site;
    one.asked = saving_of(site, percentile);
    one.verdict = judge(site, one.asked, growing[i].has_value());
    if (one.verdict == Verdict::kSizesSpread || one.verdict == Verdict::kHint)
      one.better = better_saving(site, one.asked);
    take_smaller(one);
    if (one.verdict == Verdict::kNotYourCode) one.caller = busiest_caller(site);
    one.p50 = range_of(site.capacity, level_at(site, 50));
    one.p90 = range_of(site.capacity, level_at(site, 90));
    one.p99 = range_of(site.capacity, level_at(site, 99));
    one.max = range_of(site.capacity, level_at(site, 100));
  }
  std::ranges::stable_sort(advice.sites, std::greater<>{}, [](const SiteAdvice& one) {
    const bool helps = one.verdict == Verdict::kHint;
    return std::tuple{helps, helps ? one.asked.net_bytes() : 0, one.site.growths};
  });
  std::ranges::stable_sort(advice.leak_suspects, std::greater<>{},
                           [](const LeakSuspect& one) { return std::tuple{one.track.last.keys}; });
  return advice;
}

}  // namespace gomapd::model
