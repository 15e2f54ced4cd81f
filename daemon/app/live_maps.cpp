// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/live_maps.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <tuple>

#include "daemon/proc/memory.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestSampling{20};
// Of a larger array some buckets are read.
constexpr model::SnapshotLimits kSampleLimits{.max_array_bytes = 1U << 20U};
constexpr model::SnapshotLimits kPictureLimits{.max_array_bytes = 8U << 20U};

std::uint64_t tombstones_in(const model::GoMapPicture& picture) {
  std::uint64_t sum = 0;
  for (const auto& table : picture.tables) sum += table.tombstones;
  return sum;
}

}  // namespace

// All but its workload.
model::LiveMap LiveMaps::live_map(const Key& key, const Known& known,
                                  const model::PictureAttempt& seen, std::uint64_t realtime_ns) {
  model::LiveMap live;
  live.pid = key.first;
  live.address = key.second;
  live.design = known.place.design;
  live.map_type = known.type->name.value_or("");
  if (const auto* user = model::user_frame(*known.stack)) live.function = user->function;
  live.keys = seen.state.keys;
  live.load_factor = seen.state.load_factor;
  live.bytes = seen.state.bytes;
  live.sampled_ns = realtime_ns;
  if (live.design == go::Design::kSwiss) {
    live.buckets = seen.state.swiss.slots;
    live.tombstones = tombstones_in(seen.picture);
    return live;
  }
  const auto& classic = seen.state.classic;
  live.buckets = std::uint64_t{1} << classic.b;
  live.overflow_buckets = classic.overflow_buckets;
  live.old_buckets = classic.old_buckets;
  live.evacuated = classic.evacuated_buckets;
  return live;
}

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
  const auto is_its = [&](const auto& one) { return one.first.first == pid; };
  std::erase_if(known_, is_its);
  std::erase_if(samples_, is_its);
}

void LiveMaps::sample(std::uint64_t realtime_ns) {
  std::vector<std::pair<Key, std::uint64_t>> largest;  // with their keys
  for (const auto& [key, known] : known_) largest.emplace_back(key, known.keys);
  const auto count = std::min(largest.size(), kMaxSampled);
  std::ranges::partial_sort(largest, largest.begin() + static_cast<std::ptrdiff_t>(count),
                            std::greater<>{}, [](const auto& one) { return one.second; });
  largest.resize(count);

  auto before = std::exchange(samples_, {});
  const auto read = [&](const auto& one) {
    const auto found = before.find(one.first);
    return found == before.end() ? Clock::time_point() : found->second.read;
  };
  std::ranges::stable_sort(largest, {}, read);
  const auto end = Clock::now() + kLongestSampling;
  for (const auto& [key, keys] : largest) {
    if (const auto last = before.find(key);
        last != before.end() && last->second.known.place.seed == known_[key].place.seed)
      samples_.insert(before.extract(last));
    if (Clock::now() >= end) continue;
    auto seen = see(key, kSampleLimits);
    if (seen.outcome == model::SnapshotOutcome::kGone) {
      known_.erase(key);
      samples_.erase(key);
    }
    if (seen.outcome != model::SnapshotOutcome::kRead) continue;
    auto& known = known_[key];
    known.keys = seen.state.keys;
    samples_[key] = {known, live_map(key, known, seen, realtime_ns), Clock::now()};
  }
}

model::PictureAttempt LiveMaps::see(const Key& key, const model::SnapshotLimits& limits) const {
  const ReadPieces read = [&](std::span<const MemoryPiece> pieces) {
    return proc::read_memory(static_cast<pid_t>(key.first), pieces);
  };
  return model::take_picture(known_.at(key).place, read, limits);
}

std::optional<std::shared_ptr<const MapSight>> LiveMaps::look(const MapWatch::Key& key,
                                                              std::uint64_t realtime_ns) const {
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  auto seen = see(key, kPictureLimits);
  if (seen.outcome == model::SnapshotOutcome::kGone) return std::nullopt;
  if (seen.outcome == model::SnapshotOutcome::kTorn) return nullptr;
  auto live = live_map(key, found->second, seen, realtime_ns);
  return std::make_shared<const MapSight>(std::move(live), std::move(seen.picture));
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
  for (const auto& [key, sample] : samples_) {
    const auto workload = workload_of.find(key.first);
    if (workload == workload_of.end()) continue;
    auto& live = state.live_maps.emplace_back(sample.live);
    live.workload = workload->second;
    const auto* user = model::user_frame(*sample.known.stack);
    const auto& frame = user == nullptr ? kNowhere : *user;
    const auto site =
        sites.find({live.workload, frame.function, frame.file, frame.line, live.map_type});
    if (site == sites.end()) continue;
    if (!site->second->tracked) site->second->tracked.emplace();
    auto& tracked = *site->second->tracked;
    ++tracked.sampled;
    tracked.keys = std::max(tracked.keys, live.keys);
    tracked.load_factor = std::max(tracked.load_factor, live.load_factor);
    tracked.overflow_buckets = std::max(tracked.overflow_buckets, live.overflow_buckets);
  }
  std::ranges::sort(state.live_maps, std::greater<>{}, &model::LiveMap::keys);
}

}  // namespace gomapd::app
