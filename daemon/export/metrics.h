// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/host.h"

namespace gomapd::exporter {

// One metric, as all that tells of it has it: the exposition, METRICS.md, tests.
struct MetricInfo {
  std::string_view name;
  prometheus::MetricType type;
  std::string_view labels;  // beyond the common ones of workloads, if `of_workload`
  bool of_workload;
  std::string_view help;
};
[[nodiscard]] std::span<const MetricInfo> metric_table();

// What the daemon uses itself; the metrics that all Prometheus clients have.
struct ProcessSelf {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;  // since the epoch
};

// Every metric of the table, in its order. Label values are valid UTF-8 and at most
// kMaxLabel bytes long; a longer one ends in a hash of all of it.
inline constexpr std::size_t kMaxLabel = 256;
[[nodiscard]] std::vector<prometheus::MetricFamily> collect(const model::HostState& state,
                                                            const ProcessSelf& self);

// As Prometheus's text format, version 0.0.4, or as OpenMetrics 1.0.0.
[[nodiscard]] std::string prometheus_text(const std::vector<prometheus::MetricFamily>& families);
[[nodiscard]] std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families);

// Whether a client with this Accept header wants the latter: it names it, and no
// other form with a higher weight.
[[nodiscard]] bool wants_openmetrics(std::string_view accept);

// METRICS.md.
[[nodiscard]] std::string metrics_page();

}  // namespace gomapd::exporter
