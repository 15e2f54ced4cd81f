// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/export/advice_text.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

Json range_json(const model::KeyRange& range) {
  return {{"low", range.low}, {"high", range.high}, {"estimated", range.estimated}};
}

Json saving_json(const model::Saving& saving) {
  return {{"hint", saving.hint},
          {"growths_saved", saving.growths},
          {"bytes_saved", saving.bytes},
          {"time_saved_ns", saving.time_ns},
          {"bytes_wasted", saving.wasted_bytes},
          {"maps_smaller", saving.smaller_maps},
          {"bytes_wasted_per_unseen_map", saving.bytes_per_unseen},
          {"same_hints", range_json(saving.same)}};
}

Json shares_json(const model::Saving& saving, double factor) {
  return {{"growths_saved", static_cast<double>(saving.growths) * factor},
          {"bytes_saved", static_cast<double>(saving.bytes) * factor},
          {"time_saved_ns", static_cast<double>(saving.time_ns) * factor}};
}

Json place_json(const model::SiteSizes& site) {
  return {{"function", site.function},
          {"file", site.file},
          {"line", site.line},
          {"map_type", site.type ? Json(*site.type) : Json(nullptr)},
          {"maps", site.go_maps}};
}

Json levels_json(const model::SiteSizes& site) {
  Json levels = Json::array();
  for (unsigned level = 0; level < site.levels.size(); ++level) {
    if (site.levels[level].go_maps == 0) continue;
    levels.push_back({{"room", site.capacity.most_keys(level)},
                      {"estimated", site.capacity.is_estimate(level)},
                      {"maps", site.levels[level].go_maps},
                      {"bytes", site.levels[level].held_bytes}});
  }
  return levels;
}

Json site_json(const model::Advice& advice, const model::SiteAdvice& one) {
  const auto& site = one.site;
  auto json = place_json(site);
  const bool helps = one.verdict == model::Verdict::kHint;
  const auto advised = helps ? one.asked : model::Saving{};
  json.update(saving_json(advised));
  json["verdict"] = model::to_string(one.verdict);
  json["reason"] = reason_text(one);
  json["impl"] = to_string(site.capacity.design);
  // Classic maps: from a growth's start to its last moved bucket.
  json["time_is_upper_bound"] = site.capacity.design == go::Design::kClassic;
  json["growths"] = site.growths;
  json["growths_from_deletes"] = site.from_deletes;
  json["maps_not_from_the_start"] = site.not_from_the_start;
  json["maps_abandoned"] = site.abandoned;
  json["max_keys"] = site.largest_keys;
  json["sizes"] = {{"p50", range_json(one.p50)},
                   {"p90", range_json(one.p90)},
                   {"p99", range_json(one.p99)},
                   {"max", range_json(one.max)}};
  json["levels"] = levels_json(site);
  const auto maps = std::max<std::uint64_t>(site.go_maps, 1);
  json["per_map"] = shares_json(advised, 1.0 / static_cast<double>(maps));
  json["per_hour"] =
      has_rate(advice, site) ? shares_json(advised, per_hour(advice, 1)) : Json(nullptr);
  if (!helps) json["if_hinted"] = saving_json(one.asked);
  if (one.too_large) json["too_large"] = saving_json(*one.too_large);
  if (one.better) json["better"] = saving_json(*one.better);
  if (!one.caller.empty()) json["caller"] = one.caller;
  return json;
}

Json milestone_json(const model::Advice& advice, const model::Milestone& milestone) {
  const auto since = milestone.monotonic_ns - std::min(milestone.monotonic_ns, advice.began_ns);
  return {{"after_ns", since}, {"keys", milestone.keys}};
}

Json suspect_json(const model::Advice& advice, const model::LeakSuspect& suspect) {
  auto json = place_json(suspect.site);
  const auto& track = suspect.track;
  json["pid"] = track.pid;
  json["map"] = fmt::format("{:#x}", track.address);
  json["growths"] = track.growths;
  json["first"] = milestone_json(advice, track.first);
  json["last"] = milestone_json(advice, track.last);
  json["doublings"] = Json::array();
  for (const auto& one : track.milestones) json["doublings"].push_back(milestone_json(advice, one));
  json["keys_per_second"] = suspect.keys_per_second;
  return json;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace

std::string advice_json(const model::Advice& advice) {
  Json json{{"percentile", advice.percentile},    {"duration_ns", advice.duration_ns},
            {"growths", advice.growths},          {"maps", advice.go_maps},
            {"maps_forgotten", advice.forgotten}, {"lost_events", advice.lost_events}};
  json["sites"] = Json::array();
  for (const auto& one : advice.sites) json["sites"].push_back(site_json(advice, one));
  json["leak_suspects"] = Json::array();
  for (const auto& one : advice.leak_suspects)
    json["leak_suspects"].push_back(suspect_json(advice, one));
  return to_line(json);
}

std::string cache_plan_json(const CachePlanReport& report) {
  const auto& [go_version, assumed_rules, load, plan] = report;
  Json json{{"go_version", go_version},
            {"impl", to_string(plan.shape.design)},
            {"qps", load.requests_per_second},
            {"lifetime_ns", load.lifetime.count()},
            {"requests", plan.requests},
            {"zipf_alpha", load.law.alpha},
            {"keys", load.law.keys ? Json(*load.law.keys) : Json(nullptr)},
            {"entry_bytes", load.entry_bytes},
            {"expected_keys", plan.keys.expected},
            {"deviation_at_most", plan.keys.deviation},
            {"expected_keys_fixed", plan.keys.expected_fixed},
            {"hint", plan.hint}};
  if (plan.shape.design == go::Design::kClassic) {
    json["b"] = plan.made.b;
    json["buckets"] = plan.made.buckets;
  } else {
    json["table_count"] = plan.made.tables;
    json["table_slots"] = plan.made.table_slots;
  }
  json["slots"] = plan.made.slots;
  json["bytes"] = plan.made.bytes;
  json["element_bytes_outside"] = plan.outside_bytes;
  std::uint64_t growths = 0;
  for (const auto& growth : plan.grown.growths) growths += growth.count;
  json["growths_saved"] = growths;
  json["bytes_saved"] = plan.grown.discarded_bytes;
  json["estimated"] = plan.grown.estimated;
  if (!assumed_rules.empty()) json["assumed_rules"] = assumed_rules;
  return to_line(json);
}

}  // namespace gomapd::exporter
