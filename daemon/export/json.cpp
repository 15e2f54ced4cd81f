// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/json.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/export/assign_json.h"
#include "daemon/model/life.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

// Text of a target may be no UTF-8, and terminals may be looking.
std::string to_line(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

std::string hex(std::uint64_t address) {
  return fmt::format("{:#x}", address);
}

Json or_null(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

Json stack_json(const model::Stack& stack) {
  Json frames = Json::array();
  for (const auto& frame : stack)
    frames.push_back({{"function", frame.function},
                      {"file", frame.file},
                      {"line", frame.line},
                      {"inlined", frame.inlined}});
  return frames;
}

Json counts_json(const model::Counts& counts) {
  return {{"growth_started", counts.started},      {"growth_finished", counts.finished},
          {"finished_only", counts.finished_only}, {"in_progress", counts.in_progress()},
          {"bucket_evacuated", counts.evacuated},  {"tombstones_pruned", counts.pruned}};
}

Json by_kind_json(const std::array<std::uint64_t, GM_KIND_COUNT>& by_kind) {
  Json json = Json::object();
  for (std::size_t kind = 0; kind < by_kind.size(); ++kind)
    if (by_kind.at(kind) != 0)
      json[std::string(model::to_string(static_cast<gm_kind>(kind)))] = by_kind.at(kind);
  return json;
}

// Hits and records by what became of them: hits = filtered + branch_taken +
// unreadable + no_site + uncounted + already_moved + nothing_pruned + counted; counted = submitted
// + ring_full.
Json probe_stats_json(const TraceReport& report) {
  return {{"hits_start", report.stat(GM_STAT_HITS_START)},
          {"hits_end", report.stat(GM_STAT_HITS_END)},
          {"hits_evacuate", report.stat(GM_STAT_HITS_EVACUATE)},
          {"already_moved", report.stat(GM_STAT_ALREADY_MOVED)},
          {"nothing_pruned", report.stat(GM_STAT_NOTHING_PRUNED)},
          {"filtered", report.stat(GM_STAT_FILTERED)},
          {"branch_taken", report.stat(GM_STAT_BRANCH_TAKEN)},
          {"unreadable", report.stat(GM_STAT_FAULT)},
          {"no_site", report.stat(GM_STAT_NO_SITE)},
          {"uncounted", report.stat(GM_STAT_UNCOUNTED)},
          {"counted", report.stat(GM_STAT_COUNTED)},
          {"submitted", report.stat(GM_STAT_SUBMITTED)},
          {"ring_full", report.stat(GM_STAT_RING_FULL)},
          {"rejected", report.rejected_records},
          {"counters_full", report.stat(GM_STAT_COUNTERS_FULL)},
          {"open_full", report.stat(GM_STAT_OPEN_FULL)},
          {"stacks_full", report.stat(GM_STAT_STACKS_FULL)},
          {"stack_faults", report.stat(GM_STAT_STACK_FAULT)},
          {"restarted", report.stat(GM_STAT_RESTARTED)},
          {"impossible", report.stat(GM_STAT_IMPOSSIBLE)}};
}

void add_started(Json& json, const model::GrowthEvent& event) {
  json["kind"] = model::to_string(event.kind);
  json["reason"] = model::to_string(event.reason);
  json["keys"] = event.keys;
  json["old_buckets"] = event.sizes.old_buckets;
  json["new_buckets"] = event.sizes.new_buckets;
  json["load_factor"] = model::load_factor(event.keys, event.sizes.old_buckets);
  if (event.design == go::Design::kClassic) {
    json["overflow_buckets"] = event.overflow_buckets;
    json["overflow_estimated"] = event.overflow_is_estimate;
  } else {
    json["map_keys"] = event.go_map_keys;
  }
  json["bytes"] = event.type->shape.unit_bytes != 0 ? Json(event.sizes.bytes) : Json(nullptr);
  json["on_stack"] = event.on_goroutine_stack;
  json["stack"] = stack_json(*event.stack);
  json["stack_truncated"] = model::is_truncated(*event.stack);
}

void add_finished(Json& json, const model::GrowthEvent& event) {
  json["kind"] = model::to_string(event.kind);
  json["duration_ns"] = event.duration_ns;
  json["began_before"] = event.began_before;
  json["old_buckets"] = event.sizes.old_buckets;
  json["new_buckets"] = event.sizes.new_buckets;
}

void add_evacuated(Json& json, const model::GrowthEvent& event) {
  json["bucket"] = event.bucket;
  json["old_buckets"] = event.sizes.old_buckets;
  json["evacuated"] = event.evacuated != 0 ? Json(event.evacuated) : Json(nullptr);
}

Json decision_json(const model::GrowthEvent& event, const model::Decision& decision) {
  Json json{{"condition", to_string(decision.condition)},
            {"value", decision.value},
            {"limit", decision.limit}};
  switch (decision.condition) {
    case model::Condition::kOverLoadFactor:
      json["keys_per_bucket"] = decision.keys_per_bucket;
      json["b"] = decision.b;
      break;
    case model::Condition::kTooManyOverflowBuckets: json["b"] = decision.b; break;
    case model::Condition::kSmallMapFull: break;
    case model::Condition::kNoGrowthLeft:
      json["tombstones"] = decision.tombstones;
      json["directory_doubles"] = event.directory_doubles;
      break;
  }
  return json;
}

void add_life(Json& json, const model::GrowthEvent& event, const model::LifeStep& step) {
  if (step.decision) {
    json["decision"] = decision_json(event, *step.decision);
    json["another_map"] = step.another_map;
    json["end_missing"] = step.end_missing;
  }
  if (event.what != GM_RECORD_FINISHED) return;
  json["keys_after"] = step.grown ? Json(step.grown->keys) : Json(nullptr);
  json["load_factor_after"] = step.grown ? Json(step.grown->load_factor) : Json(nullptr);
}

Json site_json(const ProbeSite& site) {
  return {{"function", site.function},
          {"inlined", site.inlined.empty() ? Json(nullptr) : Json(site.inlined)},
          {"role", to_string(site.role)},
          {"address", hex(site.address)},
          {"file_offset", site.file_offset},
          {"instruction", site.instruction},
          {"emulated", site.emulated}};
}

std::string_view event_name(gm_record_kind what) {
  switch (what) {
    case GM_RECORD_STARTED: return "growth_started";
    case GM_RECORD_FINISHED: return "growth_finished";
    case GM_RECORD_EVACUATED: return "bucket_evacuated";
    case GM_RECORD_PRUNED: return "tombstones_pruned";
  }
  return "unknown";
}

void add_estimate(Json& json, const model::Estimated& estimated) {
  json["estimated_growths"] = std::llround(estimated.growths);
  json["estimated_bytes"] = std::llround(estimated.bytes);
}

// Beside what was counted, never added to it.
void add_estimates(Json& json, const model::Summary& summary) {
  add_estimate(json, summary.estimated);
  json["estimated_growths_error"] = std::llround(summary.estimated.error());
  json["ends_unseen"] = summary.counts.ends_unseen;
  for (std::size_t i = 0; i < summary.processes.size(); ++i) {
    const auto& estimated = summary.processes[i].estimated;
    add_estimate(json["processes"][i], estimated);
    json["processes"][i]["estimated_growths_error"] = std::llround(estimated.error());
  }
  for (std::size_t i = 0; i < summary.sites.size(); ++i)
    add_estimate(json["sites"][i], summary.sites[i].estimated);
}

}  // namespace

std::string growth_json(const model::GrowthEvent& event, std::uint64_t time_ns,
                        const model::LifeStep* step) {
  Json json{{"event", event_name(event.what)},
            {"time_ns", time_ns},
            {"pid", event.pid},
            {"tid", event.tid},
            {"goid", event.goid},
            {"map", hex(event.address)},
            {"map_type", or_null(event.type->name)},
            {"impl", to_string(event.design)}};
  switch (event.what) {
    case GM_RECORD_STARTED: add_started(json, event); break;
    case GM_RECORD_FINISHED: add_finished(json, event); break;
    case GM_RECORD_EVACUATED: add_evacuated(json, event); break;
    case GM_RECORD_PRUNED: json["removed"] = event.tombstones_removed; break;
  }
  if (step != nullptr) add_life(json, event, *step);
  return to_line(json);
}

std::string process_json(std::string_view event, const model::Process& process,
                         std::uint64_t time_ns) {
  Json json{{"event", event},
            {"time_ns", time_ns},
            {"pid", process.pid},
            {"exe", process.exe},
            {"go_version", process.go_version},
            {"impl", to_string(process.design)}};
  if (!process.assumed_rules.empty()) json["assumed_rules"] = process.assumed_rules;
  return to_line(json);
}

std::string summary_json(const TraceReport& report) {
  const auto& summary = report.summary;
  Json processes = Json::array();
  for (const auto& one : summary.processes) {
    processes.push_back({{"pid", one.process.pid},
                         {"exe", one.process.exe},
                         {"go_version", one.process.go_version},
                         {"impl", to_string(one.process.design)},
                         {"counts", counts_json(one.counts)},
                         {"by_kind", by_kind_json(one.by_kind)},
                         {"bytes", one.cost.bytes},
                         {"growing_ns", one.cost.growing_ns},
                         {"slowest_ns", one.cost.slowest_ns}});
    if (!one.process.assumed_rules.empty())
      processes.back()["assumed_rules"] = one.process.assumed_rules;
  }
  Json sites = Json::array();
  for (const auto& site : summary.sites)
    sites.push_back({{"function", site.function},
                     {"file", site.file},
                     {"line", site.line},
                     {"map_type", or_null(site.type)},
                     {"growths", site.counts.started},
                     {"bytes", site.cost.bytes},
                     {"max_keys", site.max_keys},
                     {"maps", site.go_maps},
                     {"growing_ns", site.cost.growing_ns},
                     {"slowest_ns", site.cost.slowest_ns}});
  Json json{{"event", "summary"},
            {"duration_ns", report.duration_ns},
            {"counts", counts_json(summary.counts)},
            {"estimated", report.is_estimated},
            {"lost_events", report.lost_events()},
            {"probe_hits", report.probe_hits()},
            {"sampled_hits", report.sampled_hits},
            {"uncounted_hits", report.uncounted_hits()},
            {"model_divergences", report.model_divergences},
            {"maps_exact", summary.go_maps_exact && report.lost_events() == 0},
            {"truncated", report.truncated},
            {"probe_stats", probe_stats_json(report)},
            {"processes", std::move(processes)},
            {"sites", std::move(sites)},
            {"by_kind", by_kind_json(summary.by_kind)}};
  if (report.assign) {
    json["assign"] =
        assign_summary_json(*report.assign, report.duration_ns * summary.processes.size());
    json["assign_sites"] = assign_sites_json(*report.assign);
  }
  if (report.is_estimated) add_estimates(json, summary);
  if (!report.command_failure.empty()) json["command_failure"] = report.command_failure;
  if (!report.missing.empty()) json["missing"] = report.missing;
  return to_line(json);
}

std::string inspect_json(const std::string& path, const Plan& plan, const ProcessPrice* price) {
  // Prunes apart: they are no growth, and end in returns, which are stepped.
  Json sites = Json::array();
  Json prune_sites = Json::array();
  for (const auto& site : plan.sites)
    (site.role == Role::kPrune ? prune_sites : sites).push_back(site_json(site));
  const auto machine = plan.machine;
  const auto refusal = plan.trace_refusal();
  Json json{{"path", path},
            {"build_id", plan.build_id},
            {"go_version",
             plan.build_info.version.empty() ? Json(nullptr) : Json(plan.build_info.version)},
            {"goarch", machine == elf::Machine::kAmd64   ? "amd64"
                       : machine == elf::Machine::kArm64 ? "arm64"
                                                         : "other"},
            {"impl", plan.design ? Json(to_string(*plan.design)) : Json(nullptr)},
            {"pie", plan.is_pie},
            {"stripped", !plan.has_symbol_table},
            {"dwarf", plan.has_dwarf},
            {"symbol_source", "pclntab"},
            {"functions", plan.function_count},
            {"traceable", refusal.empty()},
            {"probe_sites", std::move(sites)},
            {"prune_sites", std::move(prune_sites)}};
  if (plan.version_assumed) json["assumed_rules"] = rules_name(plan.version);
  if (!refusal.empty()) json["refusal"] = refusal;
  if (!plan.buckets_refusal.empty()) json["buckets_refusal"] = plan.buckets_refusal;
  if (!plan.assign_refusal.empty()) json["assign_refusal"] = plan.assign_refusal;
  if (price != nullptr) json["estimate"] = Json::parse(price_json(*price));
  return to_line(json);
}

}  // namespace gomapd::exporter
