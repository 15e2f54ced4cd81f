// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk: return "ok";
    case Verdict::kNote: return "note";
    case Verdict::kFail: return "fail";
  }
  return "";
}

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)));
}

std::string hit_text(const DoctorHit& hit) {
  return fmt::format("{} ± {}", human_duration(whole(hit.ns)), human_duration(whole(hit.error_ns)));
}

// Text in a column that begins at `indent`, broken to fit.
std::string column(const std::string& text, std::size_t indent, std::size_t width) {
  if (width <= indent + 20) return text;
  auto lines = wrap(text, width - indent);
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += indent + 1)
    if (at + 1 < lines.size()) lines.insert(at + 1, std::string(indent, ' '));
  return lines;
}

}  // namespace

bool DoctorReport::can_trace() const {
  return std::ranges::none_of(
      checks, [](const DoctorCheck& check) { return check.verdict == Verdict::kFail; });
}

std::string doctor_json(const DoctorReport& report) {
  using Json = nlohmann::ordered_json;
  Json checks = Json::array();
  for (const auto& check : report.checks)
    checks.push_back({{"name", check.name},
                      {"ok", check.verdict != Verdict::kFail},
                      {"verdict", word_of(check.verdict)},
                      {"detail", escape(check.detail)},
                      {"remedy", check.remedy}});
  const Json json{{"checks", std::move(checks)},
                  {"hit_ns",
                   {{"emulated", whole(report.emulated.ns)},
                    {"emulated_error", whole(report.emulated.error_ns)},
                    {"stepped", whole(report.stepped.ns)},
                    {"stepped_error", whole(report.stepped.error_ns)},
                    {"measured", report.is_measured}}},
                  {"can_trace", report.can_trace()}};
  return json.dump();
}

std::string doctor_text(const DoctorReport& report, std::size_t width) {
  std::size_t longest = 0;
  for (const auto& check : report.checks) longest = std::max(longest, check.name.size());
  const auto indent = 6 + longest + 2;
  std::string text;
  for (const auto& check : report.checks) {
    text += fmt::format("{:<6}{:<{}}{}\n", word_of(check.verdict), check.name, longest + 2,
                        column(escape(check.detail), indent, width));
    if (!check.remedy.empty())
      text += fmt::format("{:{}}→ {}\n", "", indent, column(check.remedy, indent + 2, width));
  }
  text += fmt::format(
      "\nA hit costs the traced program {} where the kernel emulates the "
      "instruction, as at all\nof gomapd's sites; {} where the CPU has to step "
      "over it{}.\n",
      hit_text(report.emulated), hit_text(report.stepped),
      report.is_measured ? "" : " (not measured here: other hosts' figures)");
  text += report.can_trace() ? "\nGo programs can be traced here.\n"
                             : "\nNothing can be traced here: see what says fail.\n";
  return text;
}

}  // namespace gomapd::exporter
