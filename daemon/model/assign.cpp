// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/assign.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace gomapd::model {
namespace {

// Fewer uninterrupted gaps than this tell nothing of a thread's pace.
constexpr std::uint64_t kFewGaps = 10;
// Fewer windows than this may be alike by chance: their spread tells nothing.
constexpr std::uint64_t kFewWindows = 5;
// What is left of a gap must be so many times the error of what was taken off it,
// or it may as well be nothing.
constexpr double kTellable = 2;

struct Sample {
  std::uint64_t hits = 0;
  double x = 0;
  double error = 0;
  bool at_least = false;

  void add(const AssignCount& count, double scale) {
    hits += count.hits;
    x += count.undilated * scale;
    error += count.undilated_error * scale;
    at_least = at_least || count.at_least;
  }
};

}  // namespace

Estimate& Estimate::operator+=(const Estimate& other) {
  value += other.value;
  at_least = at_least || other.at_least;
  error = error && other.error ? std::optional(std::hypot(*error, *other.error)) : std::nullopt;
  return *this;
}

Dilation dilation(const AssignThread& thread, const ProbeCost& cost) {
  const auto& pace = thread.pace;
  if (!thread.busy || pace.gaps < kFewGaps) return {};
  const double gap = static_cast<double>(pace.gap_ns) / static_cast<double>(pace.gaps);
  const double least = std::max(kTellable * cost.error_ns, 1.0);
  const double own = std::max(gap - cost.ns, least);
  const double factor = std::max(gap / own, 1.0);
  return {
      .factor = factor, .error = factor * cost.error_ns / own, .at_least = gap - cost.ns < least};
}

std::vector<AssignCount> count_assigns(std::span<const AssignRow> rows,
                                       std::span<const AssignThread> threads, const ProbeCost& cost,
                                       AssignResolver& resolver) {
  std::unordered_map<std::uint32_t, Dilation> dilations;
  for (const auto& thread : threads) dilations[thread.tid] = dilation(thread, cost);

  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint32_t>;
  std::map<Key, AssignCount> counts;
  for (const auto& [key, value] : rows) {
    auto& count = counts[{key.go_map, key.seed, key.type, key.caller, value.binary}];
    if (count.type == nullptr) {
      count.go_map = key.go_map;
      count.seed = key.seed;
      count.on_goroutine_stack = (value.flags & GM_FLAG_ON_STACK) != 0;
      count.type_address = key.type;
      count.binary = value.binary;
      count.type = &resolver.type(value.binary, key.tgid, key.type);
      count.caller = &resolver.caller(value.binary, key.caller);
    }
    const auto& [factor, error, at_least] = dilations[key.tid];
    count.hits += value.hits;
    count.undilated += static_cast<double>(value.hits) * factor;
    count.undilated_error += static_cast<double>(value.hits) * error;
    count.at_least = count.at_least || at_least;
  }
  std::vector<AssignCount> result;
  result.reserve(counts.size());
  for (const auto& [key, count] : counts) result.push_back(count);
  return result;
}

void AssignEstimator::remember(const AssignWindow& window) {
  for (const auto& count : window.counts) {
    if (count.go_map == 0 && count.seed == 0) {
      go_maps_exact_ = false;
      continue;
    }
    const GoMap go_map{window.pid, count.go_map, count.seed};
    if (go_maps_.size() < kMaxGoMaps || go_maps_.contains(go_map))
      go_maps_.insert_or_assign(go_map, GoMapType{count.binary, count.type_address});
    else
      go_maps_exact_ = false;
  }
}

void AssignEstimator::add(const AssignWindow& window) {
  remember(window);
  ++windows_;
  window_ns_ += window.window_ns;
  for (const auto& count : window.counts) hits_ += count.hits;
  if (window.cut || window.window_ns == 0) {
    ++cut_windows_;
    return;
  }
  const auto t = static_cast<double>(window.stands_for_ns);
  const double scale = t / static_cast<double>(window.window_ns);
  Sample all;
  std::map<SiteKey, Sample> sites;
  for (const auto& count : window.counts) {
    const auto& caller = *count.caller;
    all.add(count, scale);
    sites[{window.pid, caller.function, caller.file, caller.line, count.type->name}].add(count,
                                                                                         scale);
  }
  const auto add_to = [&](Sums& sums, const Sample& sample) {
    sums.hits += sample.hits;
    sums.x += sample.x;
    sums.xx += sample.x * sample.x;
    sums.xt += sample.x * t;
    sums.cost_error += sample.error;
    sums.at_least = sums.at_least || sample.at_least;
  };
  auto& process = processes_[window.pid];
  ++process.windows;
  process.t += t;
  process.tt += t * t;
  add_to(process.all, all);
  for (const auto& [key, sample] : sites) add_to(sites_[key], sample);
}

// A ratio estimate of clusters: W. G. Cochran, Sampling Techniques, 3rd edition,
// section 6.3. Windows without an assignment have x = 0 and need no terms but t's.
Estimate AssignEstimator::estimate(const Sums& sums, const ProcessSums& process) {
  if (process.t <= 0) return {};
  constexpr double kNsPerSecond = 1e9;
  const double ratio = sums.x / process.t;
  Estimate estimate{
      .value = ratio * kNsPerSecond, .error = std::nullopt, .at_least = sums.at_least};
  if (process.windows < kFewWindows) return estimate;
  const auto n = static_cast<double>(process.windows);
  const double squares = std::max(sums.xx - 2 * ratio * sums.xt + ratio * ratio * process.tt, 0.0);
  const double sampling = std::sqrt(n / (n - 1) * squares) / process.t;
  estimate.error = std::hypot(sampling, sums.cost_error / process.t) * kNsPerSecond;
  return estimate;
}

AssignSummary AssignEstimator::summary() const {
  AssignSummary summary{.windows = windows_,
                        .cut_windows = cut_windows_,
                        .window_ns = window_ns_,
                        .hits = hits_,
                        .per_second = {},
                        .sites = {},
                        .go_maps = go_maps_.size(),
                        .go_maps_exact = go_maps_exact_};
  // Processes that run the same program are added up: their windows are
  // different samples.
  summary.per_second.error = processes_.empty() ? std::nullopt : std::optional(0.0);
  for (const auto& [pid, process] : processes_)
    summary.per_second += estimate(process.all, process);

  using Place = std::tuple<std::string, std::string, std::int32_t, std::optional<std::string>>;
  std::map<Place, AssignSite> places;
  for (const auto& [key, sums] : sites_) {
    const auto& [pid, function, file, line, type] = key;
    const auto [found, is_new] = places.try_emplace({function, file, line, type});
    auto& site = found->second;
    if (is_new) {
      std::tie(site.function, site.file, site.line, site.type) = found->first;
      site.per_second.error = 0.0;
    }
    site.hits += sums.hits;
    site.per_second += estimate(sums, processes_.at(pid));
  }
  for (auto& [place, site] : places) summary.sites.push_back(std::move(site));
  std::ranges::stable_sort(summary.sites, std::greater<>{},
                           [](const AssignSite& site) { return site.per_second.value; });
  return summary;
}

}  // namespace gomapd::model
