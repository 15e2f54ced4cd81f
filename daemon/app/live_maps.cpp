// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/live_maps.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <tuple>

#include "daemon/app/snapshot.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestSampling{20};
// Of a larger array some buckets are read. A map that is written all the time is
// left for the next time.
constexpr model::SnapshotLimits kLimits{.max_array_bytes = 1U << 20U, .max_retries = 3};

model::LiveMap live_map(const model::GoMapPlace& place, const model::GoMapState& state) {
  model::LiveMap live;
  live.address = place.address;
  live.design = place.design;
  live.keys = state.keys;
  live.load_factor = state.load_factor;
  live.bytes = state.bytes;
  if (place.design == go::Design::kSwiss) {
    live.buckets = state.swiss.slots;
    if (state.swiss.contents) live.tombstones = state.swiss.contents->tombstones;
    return live;
  }
  live.buckets = std::uint64_t{1} << state.classic.b;
  live.overflow_buckets = state.classic.overflow_buckets;
  live.old_buckets = state.classic.old_buckets;
  live.evacuated = state.classic.evacuated_buckets;
  return live;
}

}  // namespace

void LiveMaps::growth(const model::GrowthEvent& event) {
  // One on a goroutine's stack moves with it; without an address there is nothing
  // to read.
  if (event.on_goroutine_stack || event.address == 0) return;
  if (known_.size() >= kMaxRemembered) make_room();
  known_[{event.pid, event.address}] = {.place = {.address = event.address,
                                                  .seed = event.seed,
                                                  .design = event.design,
                                                  .shape = event.type->shape},
                                        .type = event.type,
                                        .stack = event.stack,
                                        .keys = event.go_map_keys,
                                        .grew_ns = event.monotonic_ns};
}

// Half of them go: those that grew longest ago, but for the largest.
void LiveMaps::make_room() {
  std::vector<std::pair<Key, Known>> all(known_.begin(), known_.end());
  std::ranges::sort(all, std::greater<>{}, [](const auto& one) { return one.second.keys; });
  const auto others = all.begin() + kMaxSampled;
  const auto middle = others + (all.end() - others) / 2;
  std::nth_element(others, middle, all.end(), [](const auto& one, const auto& other) {
    return one.second.grew_ns > other.second.grew_ns;
  });
  for (auto one = middle; one != all.end(); ++one) known_.erase(one->first);
}

void LiveMaps::forget(std::uint32_t pid) {
  std::erase_if(known_, [&](const auto& one) { return one.first.first == pid; });
  std::erase_if(samples_, [&](const Sample& one) { return one.pid == pid; });
}

void LiveMaps::sample(std::uint64_t realtime_ns) {
  std::vector<std::pair<Key, Known>> largest(known_.begin(), known_.end());
  const auto count = std::min(largest.size(), kMaxSampled);
  std::ranges::partial_sort(largest, largest.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater<>{}, [](const auto& one) { return one.second.keys; });
  largest.resize(count);

  samples_.clear();
  sampled_ns_ = realtime_ns;
  const auto end = Clock::now() + kLongestSampling;
  for (auto& [key, known] : largest) {
    if (Clock::now() >= end) break;
    auto snapshot = read_go_map(static_cast<pid_t>(key.first), known.place, kLimits);
    if (snapshot.outcome == model::SnapshotOutcome::kGone) known_.erase(key);
    if (snapshot.outcome != model::SnapshotOutcome::kRead) continue;
    known_[key].keys = snapshot.state.keys;
    samples_.push_back({key.first, known, std::move(snapshot.state)});
  }
}

void LiveMaps::fill(model::HostState& state) const {
  std::unordered_map<std::uint32_t, std::size_t> workload_of;
  for (std::size_t i = 0; i < state.workloads.size(); ++i)
    for (const auto& process : state.workloads[i].processes) workload_of[process.pid] = i;

  using SiteKey =
      std::tuple<std::size_t, std::string_view, std::string_view, std::int32_t, std::string_view>;
  std::map<SiteKey, model::HostSite*> sites;
  for (auto& site : state.sites)
    sites[{site.workload, site.function, site.file, site.line, site.map_type}] = &site;

  static const symbol::Frame kNowhere;
  state.live_maps.reserve(samples_.size());
  for (const auto& sample : samples_) {
    const auto workload = workload_of.find(sample.pid);
    if (workload == workload_of.end()) continue;
    auto live = live_map(sample.known.place, sample.state);
    const auto* user = model::user_frame(*sample.known.stack);
    const auto& frame = user == nullptr ? kNowhere : *user;
    live.workload = workload->second;
    live.pid = sample.pid;
    live.map_type = sample.known.type->name.value_or("");
    live.function = frame.function;
    live.sampled_ns = sampled_ns_;
    const auto site =
        sites.find({live.workload, frame.function, frame.file, frame.line, live.map_type});
    if (site != sites.end()) {
      if (!site->second->tracked) site->second->tracked.emplace();
      auto& tracked = *site->second->tracked;
      ++tracked.sampled;
      tracked.keys = std::max(tracked.keys, live.keys);
      tracked.load_factor = std::max(tracked.load_factor, live.load_factor);
      tracked.overflow_buckets = std::max(tracked.overflow_buckets, live.overflow_buckets);
    }
    state.live_maps.push_back(std::move(live));
  }
}

}  // namespace gomapd::app
