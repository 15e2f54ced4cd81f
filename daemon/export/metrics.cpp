// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/metrics.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "daemon/export/terminal.h"
#include "daemon/model/growth.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using enum prometheus::MetricType;

// In the order of the table.
enum Metric : std::size_t {
  kGrowths,
  kGrowthsEstimated,
  kGrowthsEstimatedError,
  kInProgress,
  kGrowthBytes,
  kGrowthBytesEstimated,
  kEvacuated,
  kDuration,
  kSiteGrowths,
  kSiteBytes,
  kSiteGrowthsEstimated,
  kSiteMaxKeys,
  kTrackedKeys,
  kTrackedLoadFactor,
  kTrackedOverflow,
  kStorm,
  kOverhead,
  kDetailLevel,
  kMaxOverhead,
  kProcesses,
  kProbeHits,
  kEventsLost,
  kAttachFailures,
  kWorkshopsLost,
  kLimitHits,
  kDivergences,
  kHttpRequests,
  kHttpRefused,
  kWebConfigRefused,
  kBuildInfo,
  kSelfCpu,
  kSelfResident,
  kSelfVirtual,
  kSelfOpenFds,
  kSelfMaxFds,
  kSelfStart,
  kMetricCount,
};

constexpr std::array<MetricInfo, kMetricCount> kTable{{
    {"gomapd_map_growths_total", Counter, "impl, kind", true,
     "Growths of maps that began, exactly. kind: double, same_size (classic maps, up to Go 1.23); "
     "to_table, table_double, split (Swiss tables, since 1.24)."},
    {"gomapd_map_growths_estimated_total", Counter, "impl", true,
     "Growths that samples stand for while growths are sampled, because counting all would cost "
     "the program too much. Never part of gomapd_map_growths_total."},
    {"gomapd_map_growths_estimated_error", Gauge, "", true,
     "One standard error of gomapd_map_growths_estimated_total."},
    {"gomapd_map_growths_in_progress", Gauge, "", true,
     "Growths that began and have not ended. Classic maps move their buckets as they are written; "
     "a map that is dropped while it grows stays in here until its process ends."},
    {"gomapd_map_growth_bytes_total", Counter, "", true,
     "Bytes taken from the heap for the new bucket arrays and tables of growths that were "
     "counted."},
    {"gomapd_map_growth_bytes_estimated_total", Counter, "", true,
     "Bytes taken from the heap for the growths that were estimated."},
    {"gomapd_map_evacuated_buckets_total", Counter, "", true,
     "Old buckets of classic maps that were moved. Counted at --detail buckets only."},
    {"gomapd_map_growth_duration_seconds", Histogram, "impl", true,
     "Time from the beginning of a growth to its last bucket moved (classic) or to the return of "
     "the growing call (Swiss). Bounds: 1e-06 seconds times 4 to the n, up to 16.8."},
    {"gomapd_site_growths_total", Counter, "function, map_type", true,
     "Growths of maps of one type that one function made grow. Beyond --metrics.max-sites: "
     "function=\"other\"."},
    {"gomapd_site_growth_bytes_total", Counter, "function, map_type", true,
     "Bytes taken from the heap for these growths."},
    {"gomapd_site_growths_estimated_total", Counter, "function, map_type", true,
     "Growths there that samples stand for; only where there are some."},
    {"gomapd_site_max_keys", Gauge, "function, map_type", true,
     "Keys in the largest map that grew there, before it grew."},
    {"gomapd_tracked_map_keys", Gauge, "function, map_type", true,
     "Keys in the largest map alive that grew there, as last sampled."},
    {"gomapd_tracked_map_load_factor_ratio", Gauge, "function, map_type", true,
     "Keys a bucket (classic) or slot (Swiss) of the fullest such map."},
    {"gomapd_tracked_map_overflow_buckets", Gauge, "function, map_type", true,
     "Overflow buckets of such a map, of the one that has most."},
    {"gomapd_growth_storm", Gauge, "", true,
     "1 while maps grow far more often than the workload's own past has it, and more often than a "
     "floor: storm in docs/CONFIGURATION.md."},
    {"gomapd_overhead_ratio", Gauge, "", true,
     "Time spent in probes as a share of the workload's CPU time since the last second: hits "
     "counted, times what one hit costs on this host."},
    {"gomapd_detail_level", Gauge, "", true,
     "What is counted now: 0 nothing (growths are sampled), 1 growths, 2 moved buckets too, 3 "
     "assignments too."},
    {"gomapd_max_overhead_ratio", Gauge, "", false,
     "The share of an executable's CPU time that its probes may take: trace.max_overhead."},
    {"gomapd_processes", Gauge, "state", false,
     "Go processes by what became of them: traced, failed (could not be), skipped (not selected; "
     "only of executables that are traced for others)."},
    {"gomapd_probe_hits_total", Counter, "role", false,
     "Hits of probes in all processes, those that did not count too. role: growth_start, "
     "growth_end, evacuate (at --detail buckets only), sampled (of probes that were in for a "
     "while, where growths are sampled)."},
    {"gomapd_events_lost_total", Counter, "", false,
     "Records that found no room in the ring. Counts are exact all the same; live maps may be "
     "missed."},
    {"gomapd_attach_failures_total", Counter, "reason", false,
     "Processes that could not be traced. reason: unsupported (by gomapd), malformed (the file), "
     "reader_failed (the process that reads the file crashed, stalled or misled), "
     "permission, kernel (a feature is missing), system (a call failed)."},
    {"gomapd_reader_workshops_lost_total", Counter, "", false,
     "Processes that start the readers of executables and that others ended: killed, or out of "
     "memory. Another one took the place of each."},
    {"gomapd_limit_hits_total", Counter, "limit", false,
     "How often a limit was hit: workloads (their processes are in exe=\"other\"), sites (summed "
     "up "
     "in function=\"other\" of each workload, which is one more than the limit for each) and "
     "stacks "
     "(likewise), counters (growths counted without their site), process_events (all processes "
     "were "
     "looked at anew)."},
    {"gomapd_model_divergences_total", Counter, "", false,
     "Records that no Go runtime should produce: a defect of gomapd's. Please report it."},
    {"gomapd_http_requests_total", Counter, "", false,
     "Requests to gomapd's own web server, those that it refused too."},
    {"gomapd_http_refused_total", Counter, "reason", false,
     "What the web server refused: connections (too many of one peer), handshake (no TLS, or no "
     "certificate that is taken), malformed, timeout, unauthorized (no password or a wrong one), "
     "guesses (too many wrong ones before), rate_limit, origin (sent by a page of elsewhere), busy "
     "(too many profiles at once)."},
    {"gomapd_web_config_refused_total", Counter, "", false,
     "Changes of --web.config.file or its certificates that could not be used: what was there "
     "before stays in force."},
    {"gomapd_build_info", Gauge, "version, kernel, attach_method", false, "Always 1."},
    {"process_cpu_seconds_total", Counter, "", false, "CPU time of gomapd itself."},
    {"process_resident_memory_bytes", Gauge, "", false, "Resident memory of gomapd itself."},
    {"process_virtual_memory_bytes", Gauge, "", false, "Virtual memory of gomapd itself."},
    {"process_open_fds", Gauge, "", false, "Open file descriptors of gomapd itself."},
    {"process_max_fds", Gauge, "", false, "How many it may open."},
    {"process_start_time_seconds", Gauge, "", false, "When gomapd began, since the epoch."},
}};

// What stands above the table in METRICS.md.
constexpr std::string_view kPageHead = R"(<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Copyright The gomapd Authors -->
<!-- Written by `make metrics-page` from daemon/export/metrics.cpp; do not edit. -->
# Metrics

Base units; `_total` on counters. Metrics of workloads also have the labels `exe` (base name
of the executable), `unit` (systemd's unit, or empty) and `container_id` (or empty), and
`pid` with `--metrics.pid`: processes alike in these are summed. `impl` is `classic` (Go's maps
up to 1.23) or `swiss`. A workload's series vanish `--metrics.linger` after its last process has
gone; until then no counter goes back.

A label value that is longer than 256 bytes is cut. Control characters and bytes that are no UTF-8
show as `\xNN`. In both cases it ends in a hash of all that it was (`~` and 16 digits), so that
different names stay different.

| name | type | of | labels | |
| --- | --- | --- | --- | --- |
)";

using Labels = std::vector<ClientMetric::Label>;

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: two long names of one program differ
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

std::string label_value(std::string_view text) {
  auto value = escape(text);
  if (value.size() <= kMaxLabel && value == text) return value;
  const auto mark = fmt::format("~{:016x}", hash_of(text));
  auto end = std::min(value.size(), kMaxLabel - mark.size());
  while (end > 0 && end < value.size() && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U)
    --end;
  return value.substr(0, end) + mark;
}

class Collection {
 public:
  Collection() {
    families_.reserve(kTable.size());
    for (const auto& info : kTable)
      families_.push_back({std::string(info.name), std::string(info.help), info.type, {}});
  }

  // There will be so many of each: moving them as they become more takes longer.
  void reserve(std::initializer_list<Metric> metrics, std::size_t count) {
    for (const auto metric : metrics) families_.at(metric).metric.reserve(count);
  }
  void add(Metric metric, double value, Labels labels) {
    auto& one = add_empty(metric, std::move(labels));
    (kTable.at(metric).type == Counter ? one.counter.value : one.gauge.value) = value;
  }
  void add(Metric metric, std::uint64_t value, Labels labels) {
    add(metric, static_cast<double>(value), std::move(labels));
  }
  ClientMetric& add_empty(Metric metric, Labels labels) {
    auto& one = families_.at(metric).metric.emplace_back();
    one.label = std::move(labels);
    return one;
  }
  [[nodiscard]] std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

Labels common_labels(const model::Workload& workload) {
  Labels labels{{"exe", label_value(workload.identity.exe)},
                {"unit", label_value(workload.identity.unit)},
                {"container_id", label_value(workload.identity.container_id)}};
  if (workload.pid != 0) labels.push_back({"pid", std::to_string(workload.pid)});
  return labels;
}

Labels with(Labels labels, std::string name, std::string value) {
  labels.push_back({std::move(name), std::move(value)});
  return labels;
}

bool is_of(gm_kind kind, go::Design design) {
  if (kind == GM_KIND_UNKNOWN) return false;
  return (kind >= GM_KIND_TO_TABLE) == (design == go::Design::kSwiss);
}

void add_durations(Collection& to, const model::DurationHistogram& durations, Labels labels) {
  auto& histogram = to.add_empty(kDuration, std::move(labels)).histogram;
  for (unsigned i = 0; i < durations.counts.size(); ++i) {
    histogram.sample_count += durations.counts.at(i);
    const bool is_last = i + 1 == durations.counts.size();
    histogram.bucket.push_back(
        {histogram.sample_count,
         is_last ? std::numeric_limits<double>::infinity()
                 : static_cast<double>(model::DurationHistogram::bound_ns(i)) / 1e9});
  }
  histogram.sample_sum = static_cast<double>(durations.sum_ns) / 1e9;
}

void add_workload(Collection& to, const model::Workload& workload) {
  const auto labels = common_labels(workload);
  for (const auto& [design, totals] : workload.by_design) {
    const auto of_design = with(labels, "impl", std::string(to_string(design)));
    for (unsigned kind = 0; kind < GM_KIND_COUNT; ++kind) {
      const auto growths = totals.growths.at(kind);
      if (growths != 0 || is_of(static_cast<gm_kind>(kind), design))
        to.add(kGrowths, growths,
               with(of_design, "kind", std::string(model::to_string(static_cast<gm_kind>(kind)))));
    }
    to.add(kGrowthsEstimated, totals.estimated, of_design);
    add_durations(to, totals.durations, of_design);
  }
  to.add(kGrowthsEstimatedError, workload.estimated_error(), labels);
  to.add(kInProgress, workload.in_progress, labels);
  to.add(kGrowthBytes, workload.bytes, labels);
  to.add(kGrowthBytesEstimated, workload.estimated_bytes, labels);
  to.add(kEvacuated, workload.evacuated_buckets, labels);
  to.add(kStorm, workload.storm ? 1.0 : 0.0, labels);
  to.add(kOverhead, workload.overhead, labels);
  to.add(kDetailLevel, static_cast<double>(workload.detail), labels);
}

// A function may make maps grow on several lines: no label tells them apart.
void add_sites(Collection& to, const model::HostState& state) {
  std::map<std::tuple<std::size_t, std::string, std::string>, model::HostSite> sums;
  for (const auto& site : state.sites) {
    auto& sum = sums[{site.workload, label_value(site.function), label_value(site.map_type)}];
    sum.growths += site.growths;
    sum.bytes += site.bytes;
    sum.estimated += site.estimated;
    sum.max_keys = std::max(sum.max_keys, site.max_keys);
    if (!site.tracked) continue;
    if (!sum.tracked) sum.tracked.emplace();
    auto& tracked = *sum.tracked;
    tracked.keys = std::max(tracked.keys, site.tracked->keys);
    tracked.load_factor = std::max(tracked.load_factor, site.tracked->load_factor);
    tracked.overflow_buckets = std::max(tracked.overflow_buckets, site.tracked->overflow_buckets);
  }
  to.reserve({kSiteGrowths, kSiteBytes, kSiteMaxKeys}, sums.size());
  for (const auto& [key, sum] : sums) {
    const auto& [workload, function, map_type] = key;
    const auto labels =
        with(with(common_labels(state.workloads.at(workload)), "function", function), "map_type",
             map_type);
    to.add(kSiteGrowths, sum.growths, labels);
    to.add(kSiteBytes, sum.bytes, labels);
    if (sum.estimated > 0) to.add(kSiteGrowthsEstimated, sum.estimated, labels);
    to.add(kSiteMaxKeys, sum.max_keys, labels);
    if (!sum.tracked) continue;
    to.add(kTrackedKeys, sum.tracked->keys, labels);
    to.add(kTrackedLoadFactor, sum.tracked->load_factor, labels);
    to.add(kTrackedOverflow, sum.tracked->overflow_buckets, labels);
  }
}

void add_host(Collection& to, const model::HostState& state) {
  to.add(kProcesses, state.processes_traced, {{"state", "traced"}});
  to.add(kProcesses, state.processes_skipped, {{"state", "skipped"}});
  to.add(kProcesses, state.processes_failed, {{"state", "failed"}});
  for (const auto& [role, hits] : state.probe_hits) to.add(kProbeHits, hits, {{"role", role}});
  to.add(kMaxOverhead, state.max_overhead, {});
  to.add(kEventsLost, state.events_lost, {});
  // From the start: of a series that begins with 1 no increase() is seen.
  auto failures = state.attach_failures;
  for (const auto* reason :
       {"kernel", "malformed", "permission", "reader_failed", "system", "unsupported"})
    failures.try_emplace(reason, 0);
  for (const auto& [reason, count] : failures)
    to.add(kAttachFailures, count, {{"reason", label_value(reason)}});
  to.add(kWorkshopsLost, state.reader_workshops_lost, {});
  to.add(kLimitHits, state.counters_over_limit, {{"limit", "counters"}});
  to.add(kLimitHits, state.process_events_lost, {{"limit", "process_events"}});
  to.add(kLimitHits, state.sites_over_limit, {{"limit", "sites"}});
  to.add(kLimitHits, state.stacks_over_limit, {{"limit", "stacks"}});
  to.add(kLimitHits, state.workloads_over_limit, {{"limit", "workloads"}});
  to.add(kDivergences, state.model_divergences, {});
  to.add(kBuildInfo, 1.0,
         {{"version", label_value(state.version)},
          {"kernel", label_value(state.kernel)},
          {"attach_method", label_value(state.attach_method)}});
}

void add_web(Collection& to, const WebCounts& web) {
  to.add(kHttpRequests, web.requests, {});
  const std::initializer_list<std::pair<const char*, std::uint64_t>> refused{
      {"busy", web.busy},
      {"connections", web.connections},
      {"guesses", web.guesses},
      {"handshake", web.handshake},
      {"malformed", web.malformed},
      {"origin", web.origin},
      {"rate_limit", web.rate_limit},
      {"timeout", web.timeout},
      {"unauthorized", web.unauthorized}};
  for (const auto& [reason, count] : refused) to.add(kHttpRefused, count, {{"reason", reason}});
  to.add(kWebConfigRefused, web.refused_configs, {});
}

void add_self(Collection& to, const ProcessSelf& self) {
  to.add(kSelfCpu, self.cpu_seconds, {});
  to.add(kSelfResident, self.resident_bytes, {});
  to.add(kSelfVirtual, self.virtual_bytes, {});
  to.add(kSelfOpenFds, self.open_fds, {});
  to.add(kSelfMaxFds, self.max_fds, {});
  to.add(kSelfStart, self.start_time_seconds, {});
}

}  // namespace

std::span<const MetricInfo> metric_table() {
  return kTable;
}

std::vector<MetricFamily> collect(const model::HostState& state, const ProcessSelf& self,
                                  const WebCounts& web) {
  Collection collection;
  for (const auto& workload : state.workloads) add_workload(collection, workload);
  add_sites(collection, state);
  add_host(collection, state);
  add_web(collection, web);
  add_self(collection, self);
  return collection.take();
}

std::string prometheus_text(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

std::string metrics_page() {
  std::string page(kPageHead);
  constexpr std::array kTypeNames{"counter", "gauge", "summary", "untyped", "histogram"};
  for (const auto& info : kTable)
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name,
                        kTypeNames.at(static_cast<std::size_t>(info.type)),
                        info.of_workload ? "workload" : "host", info.labels, info.help);
  return page;
}

}  // namespace gomapd::exporter
