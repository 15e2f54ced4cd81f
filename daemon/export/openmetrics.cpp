// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "daemon/export/metrics.h"

// OpenMetrics 1.0.0: prometheus-cpp has the older text format only.
namespace gomapd::exporter {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

// "A numeric value": as short as it can be and be read back.
std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  return fmt::format("{}", value);
}

std::string escaped(std::string_view text) {
  if (text.find_first_of("\"\\\n") == std::string_view::npos) return std::string(text);
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// name="value",…
std::string label_list(const ClientMetric& metric) {
  std::string out;
  for (const auto& label : metric.label) {
    if (!out.empty()) out += ',';
    out += label.name;
    out += "=\"";
    out += escaped(label.value);
    out += '"';
  }
  return out;
}

std::string in_braces(std::string_view labels) {
  return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

void append_histogram(std::string& out, std::string_view name, const ClientMetric& metric) {
  const auto labels = label_list(metric);
  const auto set = in_braces(labels);
  const auto to = std::back_inserter(out);
  for (const auto& bucket : metric.histogram.bucket)
    fmt::format_to(to, "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, labels.empty() ? "" : ",",
                   number(bucket.upper_bound), bucket.cumulative_count);
  fmt::format_to(to, "{}_sum{} {}\n", name, set, number(metric.histogram.sample_sum));
  fmt::format_to(to, "{}_count{} {}\n", name, set, metric.histogram.sample_count);
}

void append_family(std::string& out, const MetricFamily& family) {
  std::string_view name = family.name;
  const bool is_counter = family.type == MetricType::Counter;
  if (is_counter && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  const bool is_info = name.ends_with("_info");
  if (is_info) name.remove_suffix(std::string_view("_info").size());
  const auto* type = is_info                                ? "info"
                     : is_counter                           ? "counter"
                     : family.type == MetricType::Histogram ? "histogram"
                                                            : "gauge";
  out += fmt::format("# TYPE {} {}\n", name, type);
  for (const std::string_view unit : {"seconds", "bytes", "ratio"})
    if (name.ends_with(fmt::format("_{}", unit))) out += fmt::format("# UNIT {} {}\n", name, unit);
  out += fmt::format("# HELP {} {}\n", name, escaped(family.help));
  for (const auto& metric : family.metric) {
    if (family.type == MetricType::Histogram)
      append_histogram(out, name, metric);
    else
      fmt::format_to(std::back_inserter(out), "{}{}{} {}\n", name,
                     is_counter ? kTotal
                     : is_info  ? "_info"
                                : "",
                     in_braces(label_list(metric)),
                     number(is_counter ? metric.counter.value : metric.gauge.value));
  }
}

// "application/openmetrics-text;version=1.0.0;q=0.5" → the weight of that form.
double weight_of(std::string_view range) {
  const auto at = range.find("q=");
  if (at == std::string_view::npos) return 1;
  double weight = 0;
  std::from_chars(range.data() + at + 2, range.data() + range.size(), weight);
  return weight;
}

}  // namespace

std::string openmetrics_text(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const auto& family : families)
    if (!family.metric.empty()) append_family(out, family);
  return out + "# EOF\n";
}

bool wants_openmetrics(std::string_view accept) {
  double openmetrics = 0;
  double text = 0;
  while (!accept.empty()) {
    const auto end = std::min(accept.find(','), accept.size());
    const auto range = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    if (range.find("application/openmetrics-text") != std::string_view::npos)
      openmetrics = std::max(openmetrics, weight_of(range));
    else if (range.find("text/plain") != std::string_view::npos)
      text = std::max(text, weight_of(range));
  }
  return openmetrics > 0 && openmetrics >= text;
}

}  // namespace gomapd::exporter
