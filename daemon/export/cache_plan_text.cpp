// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/core.h>

#include <cmath>
#include <string_view>

#include "daemon/export/advice_text.h"
#include "daemon/export/terminal.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

std::string layout_text(const model::CachePlan& plan) {
  if (plan.shape.design == go::Design::kClassic)
    return fmt::format("B = {}: {} buckets", plan.made.b, human_count(plan.made.buckets));
  if (plan.made.tables == 0) return "a small map: one group of 8 slots";
  return fmt::format("{} table{} of {} slots", human_count(plan.made.tables),
                     plan.made.tables == 1 ? "" : "s", human_count(plan.made.table_slots));
}

std::string without_text(const model::Plan& grown) {
  std::uint64_t growths = 0;
  for (const auto& growth : grown.growths) growths += growth.count;
  const auto* about = grown.estimated ? "about " : "";
  return fmt::format("{}{} growths, {}{} thrown away", about, human_count(growths), about,
                     human_bytes(grown.discarded_bytes));
}

std::uint64_t rounded(double value) {
  return static_cast<std::uint64_t>(std::llround(value));
}

std::string requests_text(double requests) {
  constexpr double kCountable = 1e15;
  return requests < kCountable ? human_count(rounded(requests)) : fmt::format("{:.3g}", requests);
}

}  // namespace

std::string cache_plan_text(const CachePlanReport& report) {
  const auto& [go_version, assumed_rules, load, plan] = report;
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{:<15}{}\n", name, value);
  };
  line("requests", fmt::format("{} in a lifetime of {}", requests_text(plan.requests),
                               human_duration(static_cast<std::uint64_t>(load.lifetime.count()))));
  line("keys", fmt::format("Zipf's law, alpha {:g}, {}", load.law.alpha,
                           load.law.keys ? human_count(*load.law.keys) + " keys"
                                         : std::string("endless keys")));
  line("alive", fmt::format("{} different keys asked for in a lifetime, give or take {}",
                            human_count(rounded(plan.keys.expected)),
                            human_count(rounded(plan.keys.deviation))));
  line("", fmt::format("{} if a use does not prolong an entry's life",
                       human_count(rounded(plan.keys.expected_fixed))));
  line("write", fmt::format("make(map[K]V, {})", plan.hint));
  line("map", fmt::format("{} on {}, {} maps", layout_text(plan), escape(go_version),
                          to_string(plan.shape.design)));
  if (!assumed_rules.empty()) line("rules", assumed_rules + "'s are assumed: the newest known");
  line("bytes", human_bytes(plan.made.bytes) +
                    (plan.outside_bytes == 0
                         ? std::string()
                         : fmt::format(", and {} for elements above 128 bytes, kept by pointer",
                                       human_bytes(plan.outside_bytes))));
  line("without a hint", without_text(plan.grown));
  return text;
}

}  // namespace gomapd::exporter
