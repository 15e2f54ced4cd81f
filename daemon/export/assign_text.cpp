// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "daemon/export/assign.h"
#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

constexpr std::string_view kHeading = "     A SECOND          ±  ";
constexpr std::size_t kTableColumns = 80;

std::string rounded(double value) {
  return human_count(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))));
}

// Marked where it may be any number more.
std::string value_text(const model::Estimate& estimate) {
  return (estimate.at_least ? ">=" : "") + rounded(estimate.value);
}

std::string error_text(const model::Estimate& estimate) {
  return estimate.error ? rounded(*estimate.error) : "?";
}

std::string site_text(const model::AssignSite& site, std::size_t width) {
  const bool narrow = width != 0 && width < kTableColumns;
  const std::string indent(narrow ? 4 : columns(kHeading), ' ');
  const std::size_t limit = width == 0 || narrow ? 0 : width - indent.size();
  const auto function = site.function.empty() ? "(not known)" : escape(site.function);
  std::string text = narrow
                         ? fmt::format("  {} a second, ± {}\n    {}\n", value_text(site.per_second),
                                       error_text(site.per_second), function)
                         : fmt::format("{:>13}  {:>9}  {}\n", value_text(site.per_second),
                                       error_text(site.per_second), keep_end(function, limit));
  if (!site.file.empty())
    text += indent + keep_end(fmt::format("{}:{}", escape(site.file), site.line), limit) + "\n";
  text += indent + keep_start(site.type ? escape(*site.type) : "(type not known)", limit) + "\n";
  return text;
}

}  // namespace

std::string assign_text(const AssignReport& report, std::size_t width) {
  const auto& summary = report.summary;
  if (summary.windows == 0 && report.failure.empty())
    return "\nassignments  not known: the trace ended before a window was over\n";
  std::string text = fmt::format(
      "\nassignments  {} {} a second (standard error {}): an estimate from {} windows, {} in "
      "all\n",
      summary.per_second.at_least ? "at least" : "about", rounded(summary.per_second.value),
      error_text(summary.per_second), human_count(summary.windows),
      human_duration(summary.window_ns));
  if (report.cpu_ns > 0)
    text += fmt::format("  cost       {:.2f} % of the CPU time (at most {:.2f} %), at {} a hit{}\n",
                        100 * report.probe_ns / report.cpu_ns, 100 * report.max_overhead,
                        human_duration(static_cast<std::uint64_t>(report.hit_ns)),
                        report.hit_measured ? "" : " (assumed)");
  if (!summary.sites.empty()) {
    const bool narrow = width != 0 && width < kTableColumns;
    text += fmt::format("\n{}WHERE, AND WHICH TYPE\n", narrow ? "" : kHeading);
    for (const auto& site : summary.sites) text += site_text(site, width);
  }
  const auto lost = report.stats.at(GM_STAT_FAULT) + report.stats.at(GM_STAT_NO_SITE) +
                    report.stats.at(GM_STAT_UNCOUNTED);
  if (lost != 0)
    text += fmt::format("note: {} assignments could not be read or kept\n", human_count(lost));
  if (!report.failure.empty()) text += "note: no more windows: " + escape(report.failure) + "\n";
  return text;
}

}  // namespace gomapd::exporter
