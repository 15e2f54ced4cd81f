// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/assign_json.h"

#include <fmt/core.h>

#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

Json error_json(const model::Estimate& estimate) {
  return estimate.error ? Json(*estimate.error) : Json(nullptr);
}

Json share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? Json(nullptr) : Json(static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

std::string assign_samples_json(const model::AssignWindow& window, std::uint64_t time_ns) {
  std::string lines;
  for (const auto& count : window.counts) {
    const bool kept = count.go_map != 0 || count.seed != 0;
    const auto& caller = *count.caller;
    const auto& type = count.type->name;
    // Several threads and goroutines may have assigned.
    const Json json{{"event", "assign_sample"},
                    {"time_ns", time_ns},
                    {"pid", window.pid},
                    {"tid", nullptr},
                    {"goid", nullptr},
                    {"map", kept ? Json(fmt::format("{:#x}", count.go_map)) : Json(nullptr)},
                    {"map_type", type ? Json(*type) : Json(nullptr)},
                    {"impl", to_string(window.design)},
                    {"assignments", count.hits},
                    {"window_ns", window.window_ns},
                    {"function", caller.function},
                    {"file", caller.file},
                    {"line", caller.line}};
    lines += json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
    lines += '\n';
  }
  return lines;
}

Json assign_summary_json(const AssignReport& report, std::uint64_t traced_ns) {
  const auto& summary = report.summary;
  const auto stat = [&](gm_stat which) { return report.stats.at(which); };
  Json json{{"estimated", true},
            {"windows", summary.windows},
            {"cut_windows", summary.cut_windows},
            {"window_ns", summary.window_ns},
            {"share", share(summary.window_ns, traced_ns)},
            {"assignments", summary.hits},
            {"assignments_per_second", summary.per_second.value},
            {"error", error_json(summary.per_second)},
            {"at_least", summary.per_second.at_least},
            {"maps", summary.go_maps},
            {"maps_exact", summary.go_maps_exact},
            {"hit_ns", report.hit_ns},
            {"hit_error_ns", report.hit_error_ns},
            {"hit_measured", report.hit_measured},
            {"max_overhead", report.max_overhead},
            {"overhead", report.cpu_ns > 0 ? Json(report.probe_ns / report.cpu_ns) : Json(nullptr)},
            // hits = filtered + branch_taken + unreadable + no_site + uncounted + counted
            {"probe_stats",
             {{"hits", stat(GM_STAT_HITS_ASSIGN)},
              {"filtered", stat(GM_STAT_FILTERED)},
              {"branch_taken", stat(GM_STAT_BRANCH_TAKEN)},
              {"unreadable", stat(GM_STAT_FAULT)},
              {"no_site", stat(GM_STAT_NO_SITE)},
              {"uncounted", stat(GM_STAT_UNCOUNTED)},
              {"counted", stat(GM_STAT_COUNTED)},
              {"maps_full", stat(GM_STAT_ASSIGNS_FULL)},
              {"threads_full", stat(GM_STAT_THREADS_FULL)}}}};
  if (!report.failure.empty()) json["failure"] = report.failure;
  return json;
}

Json assign_sites_json(const AssignReport& report) {
  Json sites = Json::array();
  for (const auto& site : report.summary.sites)
    sites.push_back({{"function", site.function},
                     {"file", site.file},
                     {"line", site.line},
                     {"map_type", site.type ? Json(*site.type) : Json(nullptr)},
                     {"assignments", site.hits},
                     {"assignments_per_second", site.per_second.value},
                     {"error", error_json(site.per_second)},
                     {"at_least", site.per_second.at_least}});
  return sites;
}

}  // namespace gomapd::exporter
