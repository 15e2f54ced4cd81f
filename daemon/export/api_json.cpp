// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/api_json.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/export/terminal.h"
#include "daemon/model/trace.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTables = 1024;

std::string to_body(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

Json begin(const model::HostState& state) {
  return {{"time_ns", state.time_ns}};
}

// More digits than mean anything make pages long.
double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

Json history_json(const std::vector<model::RatePoint>& history) {
  Json points = Json::array();
  for (const auto& point : history)
    points.push_back({point.time_ns, rounded(point.growths_per_second)});
  return points;
}

std::vector<model::RatePoint> host_history(const model::HostState& state) {
  std::map<std::uint64_t, double> rates;
  for (const auto& workload : state.workloads)
    for (const auto& point : workload.history) rates[point.time_ns] += point.growths_per_second;
  std::vector<model::RatePoint> history;
  for (const auto& [time_ns, rate] : rates) history.push_back({time_ns, rate});
  return history;
}

Json by_kind_json(const model::Workload& workload) {
  Json json = Json::object();
  for (const auto& [design, totals] : workload.by_design)
    for (std::size_t kind = 0; kind < totals.growths.size(); ++kind)
      if (totals.growths.at(kind) != 0)
        json[std::string(model::to_string(static_cast<gm_kind>(kind)))] = totals.growths.at(kind);
  return json;
}

Json durations_json(const model::Workload& workload) {
  std::array<std::uint64_t, GM_DURATION_BUCKETS> counts{};
  for (const auto& [design, totals] : workload.by_design)
    std::ranges::transform(counts, totals.durations.counts, counts.begin(), std::plus{});
  Json bounds = Json::array();
  for (unsigned i = 0; i + 1 < GM_DURATION_BUCKETS; ++i)
    bounds.push_back(model::DurationHistogram::bound_ns(i));
  return {{"bounds_ns", std::move(bounds)}, {"counts", counts}};
}

std::string_view name_of(model::DetailLevel level) {
  switch (level) {
    case model::DetailLevel::kOff: return "off";
    case model::DetailLevel::kGrowth: return "growth";
    case model::DetailLevel::kBuckets: return "buckets";
    case model::DetailLevel::kAssign: return "assign";
  }
  return "";
}

Json workload_json(const model::Workload& workload) {
  Json processes = Json::array();
  for (const auto& process : workload.processes)
    processes.push_back({{"pid", process.pid},
                         {"go_version", escape(process.go_version)},
                         {"since_ns", process.since_ns}});
  Json designs = Json::array();
  for (const auto& [design, totals] : workload.by_design) designs.push_back(to_string(design));
  return {{"id", workload_id(workload)},
          {"exe", escape(workload.identity.exe)},
          {"unit", escape(workload.identity.unit)},
          {"container_id", escape(workload.identity.container_id)},
          {"pid", workload.pid == 0 ? Json(nullptr) : Json(workload.pid)},
          {"processes", std::move(processes)},
          {"growths", workload.growths()},
          {"estimated_growths", std::llround(workload.estimated())},
          {"estimated_growths_error", std::llround(workload.estimated_error())},
          {"estimated_bytes", std::llround(workload.estimated_bytes)},
          {"by_kind", by_kind_json(workload)},
          {"impl", std::move(designs)},
          {"in_progress", workload.in_progress},
          {"bytes", workload.bytes},
          {"growing_ns", workload.growing_ns},
          {"slowest_ns", workload.slowest_ns},
          {"evacuated_buckets", workload.evacuated_buckets},
          {"durations", durations_json(workload)},
          {"growths_per_second", rounded(workload.growths_per_second)},
          {"storm", workload.storm},
          {"storm_since_ns", workload.storm_since_ns},
          {"overhead_ratio", workload.overhead},
          {"detail", workload.sampled ? "sampled" : name_of(workload.detail)},
          {"history", history_json(workload.history)}};
}

Json tracked_json(const std::optional<model::TrackedMaps>& tracked) {
  if (!tracked) return nullptr;
  return {{"maps", tracked->sampled},
          {"keys", tracked->keys},
          {"load_factor", rounded(tracked->load_factor)},
          {"overflow_buckets", tracked->overflow_buckets}};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(escape(text));
}

Json site_json(const model::HostState& state, const model::HostSite& site) {
  return {{"workload", workload_id(state.workloads.at(site.workload))},
          {"function", text_or_null(site.function)},
          {"file", text_or_null(site.file)},
          {"line", site.line},
          {"map_type", text_or_null(site.map_type)},
          {"growths", site.growths},
          {"estimated_growths", std::llround(site.estimated)},
          {"bytes", site.bytes},
          {"estimated_bytes", std::llround(site.estimated_bytes)},
          {"growing_ns", site.growing_ns},
          {"slowest_ns", site.slowest_ns},
          {"max_keys", site.max_keys},
          {"growths_per_second", rounded(site.growths_per_second)},
          {"tracked", tracked_json(site.tracked)}};
}

Json live_map_json(const model::HostState& state, const model::LiveMap& live) {
  return {{"workload", workload_id(state.workloads.at(live.workload))},
          {"pid", live.pid},
          {"map", fmt::format("{:#x}", live.address)},
          {"map_type", text_or_null(live.map_type)},
          {"impl", to_string(live.design)},
          {"function", text_or_null(live.function)},
          {"keys", live.keys},
          {"buckets", live.buckets},
          {"load_factor", rounded(live.load_factor)},
          {"bytes", live.bytes},
          {"overflow_buckets", live.overflow_buckets},
          {"tombstones", live.tombstones},
          {"old_buckets", live.old_buckets},
          {"evacuated_buckets", live.evacuated},
          {"sampled_ns", live.sampled_ns}};
}

Json array_json(const model::ArrayPicture& array) {
  Json cells = Json::array();
  for (const auto& cell : array.cells)
    cells.push_back({rounded(cell.filled), rounded(cell.moved), rounded(cell.overflow)});
  return {{"buckets", array.buckets}, {"cells", std::move(cells)}};
}

bool is_of(std::size_t workload, std::optional<std::size_t> wanted) {
  return !wanted || *wanted == workload;
}

}  // namespace

// FNV-1a, 64 bits.
std::string workload_id(const model::Workload& workload) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  };
  add(workload.identity.exe);
  add(workload.identity.unit);
  add(workload.identity.container_id);
  add(std::to_string(workload.pid));
  return fmt::format("{:016x}", hash);
}

std::optional<std::size_t> find_workload(const model::HostState& state, std::string_view id) {
  const auto found = std::ranges::find(state.workloads, id, workload_id);
  if (found == state.workloads.end()) return std::nullopt;
  return static_cast<std::size_t>(found - state.workloads.begin());
}

std::string api_status(const model::HostState& state) {
  std::uint64_t growths = 0;
  double rate = 0;
  for (const auto& workload : state.workloads) {
    growths += workload.growths();
    rate += workload.growths_per_second;
  }
  auto json = begin(state);
  json["version"] = state.version;
  json["kernel"] = state.kernel;
  json["attach_method"] = state.attach_method;
  json["began_ns"] = state.began_ns;
  json["running_ns"] = state.running_ns;
  json["ready"] = state.ready;
  json["not_ready_why"] = state.not_ready_why;
  json["processes"] = {{"traced", state.processes_traced},
                       {"skipped", state.processes_skipped},
                       {"failed", state.processes_failed}};
  json["attach_failures"] = state.attach_failures;
  json["reader_workshops_lost"] = state.reader_workshops_lost;
  json["probe_hits"] = state.probe_hits;
  json["events_lost"] = state.events_lost;
  json["model_divergences"] = state.model_divergences;
  json["limits"] = {{"sites", state.sites_over_limit},
                    {"stacks", state.stacks_over_limit},
                    {"counters", state.counters_over_limit},
                    {"workloads", state.workloads_over_limit},
                    {"process_events", state.process_events_lost}};
  json["max_overhead"] = state.max_overhead;
  json["growths"] = growths;
  json["growths_per_second"] = rounded(rate);
  json["storms"] = std::ranges::count_if(state.workloads, &model::Workload::storm);
  json["history"] = history_json(host_history(state));
  return to_body(json);
}

std::string api_workloads(const model::HostState& state) {
  auto json = begin(state);
  auto& workloads = json["workloads"] = Json::array();
  for (const auto& workload : state.workloads) workloads.push_back(workload_json(workload));
  return to_body(json);
}

std::string api_sites(const model::HostState& state, std::optional<std::size_t> workload) {
  std::vector<const model::HostSite*> sorted;
  for (const auto& site : state.sites)
    if (is_of(site.workload, workload)) sorted.push_back(&site);
  std::ranges::stable_sort(sorted, std::greater<>{}, &model::HostSite::growths);
  auto json = begin(state);
  auto& sites = json["sites"] = Json::array();
  for (const auto* site : sorted) sites.push_back(site_json(state, *site));
  return to_body(json);
}

std::string api_live_maps(const model::HostState& state, std::optional<std::size_t> workload) {
  auto json = begin(state);
  auto& live_maps = json["maps"] = Json::array();
  for (const auto& live : state.live_maps)
    if (is_of(live.workload, workload)) live_maps.push_back(live_map_json(state, live));
  return to_body(json);
}

std::string api_picture(const model::HostState& state, const model::LiveMap* live,
                        const model::GoMapPicture* picture) {
  auto json = begin(state);
  if (live == nullptr || picture == nullptr) {
    json["pending"] = true;
    return to_body(json);
  }
  json.update(live_map_json(state, *live));
  json["is_blurred"] = picture->is_blurred;
  json["is_same_size"] = picture->old && picture->old->buckets == picture->current.buckets;
  const bool is_classic = live->design == go::Design::kClassic;
  json["current"] = is_classic ? array_json(picture->current) : Json(nullptr);
  json["old"] = picture->old ? array_json(*picture->old) : Json(nullptr);
  auto& tables = json["tables"] = Json::array();
  for (const auto& table : picture->tables) {
    if (tables.size() == kMostTables) break;
    tables.push_back({{"capacity", table.capacity},
                      {"used", table.used},
                      {"tombstones", table.tombstones},
                      {"local_depth", table.local_depth}});
  }
  const bool is_small = !is_classic && picture->tables.empty();
  json["groups"] =
      is_small ? Json{{"capacity", live->buckets}, {"used", live->keys}} : Json(nullptr);
  return to_body(json);
}

std::string api_error(std::string_view line) {
  return to_body({{"error", line}});
}

}  // namespace gomapd::exporter
