// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "daemon/export/terminal.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

constexpr std::string_view kHeading = "    GROWTHS       BYTES       TIME      MAPS   LARGEST  ";
// Of the live table, so that 80 columns leave room for names.
constexpr std::string_view kLiveHeading = "  GROWTHS       BYTES     MAPS  ";
constexpr std::size_t kMaxTypeColumns = 40;
// Narrower than this, the report has no columns.
constexpr std::size_t kTableColumns = 80;

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)));
}

// What was sampled at a site, besides what was counted; empty: nothing.
std::string sampled_text(const model::SiteSummary& site) {
  if (site.estimated.growths < 0.5) return "";
  return fmt::format(" (and about {} sampled)", human_count(whole(site.estimated.growths)));
}

std::string kinds_text(const std::array<std::uint64_t, GM_KIND_COUNT>& by_kind) {
  std::string text;
  for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
    if (by_kind.at(kind) == 0) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", human_count(by_kind.at(kind)),
                        model::to_string(static_cast<gm_kind>(kind)));
  }
  return text.empty() ? text : " (" + text + ")";
}

// "about 1,234,567 ± 1,234 growths"
std::string estimate_text(const model::Estimated& estimated) {
  return fmt::format("about {} ± {} growths", human_count(whole(estimated.growths)),
                     human_count(whole(estimated.error())));
}

std::string process_text(const model::ProcessSummary& one) {
  const auto& [process, counts, cost, by_kind, estimated] = one;
  auto text = fmt::format("process {}  {}  ({}, {} maps)\n", process.pid, escape(process.exe),
                          escape(process.go_version), to_string(process.design));
  if (!process.assumed_rules.empty())
    text += fmt::format("  rules    {}'s, the newest known, are assumed to hold for it\n",
                        process.assumed_rules);
  text += fmt::format("  growths  {}{}", human_count(counts.started), kinds_text(by_kind));
  if (estimated.growths > 0)
    text += fmt::format("\n  sampled  {}, besides these", estimate_text(estimated));
  text += fmt::format("\n  ended    {}", human_count(counts.finished));
  if (counts.in_progress() != 0)
    text += fmt::format(", {} still under way", human_count(counts.in_progress()));
  if (counts.finished_only != 0)
    text += fmt::format(", {} that began before tracing", human_count(counts.finished_only));
  text += fmt::format("\n  bytes    {} allocated for the new buckets\n", human_bytes(cost.bytes));
  text += fmt::format("  time     {} between start and end of the growths, the slowest {}\n",
                      human_duration(cost.growing_ns), human_duration(cost.slowest_ns));
  return text;
}

std::string place_text(const model::SiteSummary& site) {
  if (site.function.empty() && site.file.empty()) return "(not known)";
  return escape(site.function);
}

std::string numbers_text(const model::SiteSummary& site) {
  return fmt::format("{:>11}  {:>10}  {:>9}  {:>8}  {:>8}  ", human_count(site.counts.started),
                     human_bytes(site.cost.bytes), human_duration(site.cost.growing_ns),
                     human_count(site.go_maps), human_count(site.max_keys));
}

std::string type_text(const model::SiteSummary& site) {
  return site.type ? escape(*site.type) : "(type not known)";
}

// One line of the live table: numbers, function, type.
std::string site_line(const model::SiteSummary& site, std::size_t width) {
  const auto numbers = fmt::format("{:>9}  {:>10}  {:>7}  ", human_count(site.counts.started),
                                   human_bytes(site.cost.bytes), human_count(site.go_maps));
  const std::size_t room = width > numbers.size() + 20 ? width - numbers.size() : 20;
  const auto type = keep_start(type_text(site), std::min(room / 2, kMaxTypeColumns));
  const auto place = keep_end(place_text(site), room - columns(type) - 2);
  return keep_start(numbers + place + "  " + type, width) + "\n";
}

// A row of the report: numbers and function; below it place and type.
std::string site_text(const model::SiteSummary& site, std::size_t width) {
  const std::string indent(kHeading.size(), ' ');
  const std::size_t limit = width == 0 ? 0 : width - indent.size();
  auto text = numbers_text(site) + keep_end(place_text(site), limit) + "\n";
  if (!site.file.empty())
    text += indent + keep_end(fmt::format("{}:{}", escape(site.file), site.line), limit) + "\n";
  text += indent + keep_start(type_text(site) + sampled_text(site), limit) + "\n";
  return text;
}

// The same where there is no room for columns.
std::string narrow_site_text(const model::SiteSummary& site) {
  auto text = fmt::format("  {} growths, {}, {}, {} maps, largest {}\n    {}\n",
                          human_count(site.counts.started), human_bytes(site.cost.bytes),
                          human_duration(site.cost.growing_ns), human_count(site.go_maps),
                          human_count(site.max_keys), place_text(site));
  if (!site.file.empty()) text += fmt::format("    {}:{}\n", escape(site.file), site.line);
  text += "    " + type_text(site) + sampled_text(site) + "\n";
  return text;
}

std::string sites_text(const std::vector<model::SiteSummary>& sites, std::size_t width) {
  if (sites.empty()) return "\nNo map grew.\n";
  const bool narrow = width != 0 && width < kTableColumns;
  std::string text = fmt::format("\n{}WHERE, AND WHICH TYPE\n", narrow ? "" : kHeading);
  for (const auto& site : sites) text += narrow ? narrow_site_text(site) : site_text(site, width);
  return text;
}

std::string notes_text(const TraceReport& report) {
  std::string text;
  const auto note = [&](std::uint64_t count, std::string_view what) {
    if (count != 0) text += fmt::format("note: {} {}\n", human_count(count), what);
  };
  if (report.is_estimated)
    text +=
        "note: counting each growth would have cost more than --max-overhead allows: for a while "
        "they were sampled, and are no part of the counts\n";
  note(report.lost_events(),
       "growth records did not fit the ring: counts are exact, MAPS is a lower bound");
  note(report.uncounted_hits(), "probe hits could not be read or kept and are not counted");
  note(report.model_divergences,
       "growths are none that Go's runtime would start: a defect of gomapd, please report it");
  note(report.siteless_growths(), "growths have no call site: too many different ones");
  note(report.stat(GM_STAT_OPEN_FULL),
       "growths under way were too many to remember: their ends count as begun before tracing");
  if (!report.summary.go_maps_exact)
    text += "note: too many maps to tell apart: MAPS is a lower bound\n";
  for (const auto& missing : report.missing) text += "note: " + escape(missing) + "\n";
  if (!report.command_failure.empty()) text += "note: the command " + report.command_failure + "\n";
  return text;
}

}  // namespace

std::string headline(const TraceReport& report) {
  const auto& summary = report.summary;
  const auto seconds = static_cast<double>(report.duration_ns) / 1e9;
  auto text = fmt::format("{} growth{} in {:.1f} s, {} allocated, {} growing",
                          human_count(summary.counts.started),
                          summary.counts.started == 1 ? "" : "s", seconds,
                          human_bytes(summary.cost.bytes), human_duration(summary.cost.growing_ns));
  if (report.is_estimated) text += "; sampled: " + estimate_text(summary.estimated);
  return text;
}

std::string report_text(const TraceReport& report, std::size_t width) {
  const auto& summary = report.summary;
  std::string text = headline(report) + "\n\n";
  for (const auto& process : summary.processes) text += process_text(process);
  text += sites_text(summary.sites, width);
  if (report.assign) text += assign_text(*report.assign, width);
  if (const auto notes = notes_text(report); !notes.empty()) text += "\n" + notes;
  return wrap(text, width);
}

std::string live_table(const TraceReport& report, std::size_t width, std::size_t rows) {
  // The last row is the cursor's, so that nothing scrolls.
  std::size_t room = rows > 1 ? rows - 1 : 0;
  std::string text;
  if (room > 0) text += keep_start(headline(report), width) + "\n";
  if (room > 1) text += keep_start(fmt::format("{}FUNCTION, TYPE", kLiveHeading), width) + "\n";
  room -= std::min<std::size_t>(room, 2);
  const auto shown = std::min(room, report.summary.sites.size());
  for (std::size_t i = 0; i < shown; ++i) text += site_line(report.summary.sites[i], width);
  return text;
}

}  // namespace gomapd::exporter
