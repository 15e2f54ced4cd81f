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

// What its web server counted since the start.
struct WebCounts {
  std::uint64_t requests = 0;  // whole ones, those that were refused too
  // What was refused, by reason.
  std::uint64_t connections = 0;  // too many of one peer
  std::uint64_t handshake = 0;    // no TLS, or no certificate that is taken
  std::uint64_t malformed = 0;
  std::uint64_t timeout = 0;
  std::uint64_t unauthorized = 0;  // no password or a wrong one
  std::uint64_t guesses = 0;       // too many wrong ones before
  std::uint64_t rate_limit = 0;
  std::uint64_t origin = 0;  // sent by a page of elsewhere
  std::uint64_t busy = 0;    // too many slow requests at once

  std::uint64_t refused_configs = 0;  // changes of the web configuration
};

// Every metric of the table, in its order. Label values are valid UTF-8 and at most
// kMaxLabel bytes long; one that is longer, or has bytes that were replaced, ends in a
// hash of all of it: different names make different series.
inline constexpr std::size_t kMaxLabel = 256;
[[nodiscard]] std::vector<prometheus::MetricFamily> collect(const model::HostState& state,
                                                            const ProcessSelf& self,
                                                            const WebCounts& web);

// As Prometheus's text format, version 0.0.4, or as OpenMetrics 1.0.0.
[[nodiscard]] std::string prometheus_text(const std::vector<prometheus::MetricFamily>& families);
[[nodiscard]] std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families);

// Whether a client with this Accept header wants the latter: it names it, and no
// other form with a higher weight.
[[nodiscard]] bool wants_openmetrics(std::string_view accept);

// METRICS.md.
[[nodiscard]] std::string metrics_page();

}  // namespace gomapd::exporter
