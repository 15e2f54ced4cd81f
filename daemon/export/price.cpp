// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/price.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <tuple>

#include "daemon/export/terminal.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)));
}

// Enough digits to tell it from 0, and no more than it deserves.
std::string percent(double ratio) {
  const double value = ratio * 100;
  if (value == 0) return "0 %";
  return value >= 10 ? fmt::format("{:.0f} %", value) : fmt::format("{:.2g} %", value);
}

std::string per_second(double value) {
  return value >= 10 || value == 0 ? human_count(whole(value)) : fmt::format("{:.2g}", value);
}

std::string level_line(const ProcessPrice& of, std::string_view name,
                       const model::LevelPrice& level, const std::string& refusal) {
  if (!refusal.empty()) return fmt::format("  {:<10}not possible: {}\n", name, escape(refusal));
  const std::string_view bound = of.price.is_at_most ? "at most " : "";
  auto line = fmt::format("  {:<10}{}{} of its CPU time", name, bound, percent(level.overhead));
  if (level.error) line += fmt::format(" ± {}", percent(*level.error));
  return line + fmt::format(", {}{} hits a second\n", bound, per_second(level.hits_per_second));
}

std::string advice(const ProcessPrice& of) {
  const auto& price = of.price;
  const auto budget = percent(of.max_overhead);
  if (price.cpus == 0)
    return "It did not run during the sample: ask again when it has work to do.\n";
  if (price.is_at_most)
    return "No map grew in the windows of the sample: the figures are bounds (95 %). A longer one, "
           "-d 30s, has lower ones.\n";
  if (price.growth.overhead > of.max_overhead)
    return fmt::format(
        "More than {}: with --max-overhead {} its growths are sampled, not counted.\n", budget,
        fmt::format("{:.4g}%", of.max_overhead * 100));
  return fmt::format("Within {}: each growth is counted.\n", budget);
}

Json level_json(std::string_view name, const model::LevelPrice& level, const std::string& refusal) {
  Json json{{"detail", name}, {"possible", refusal.empty()}};
  if (!refusal.empty()) {
    json["refusal"] = refusal;
    return json;
  }
  json["hits_per_second"] = level.hits_per_second;
  json["overhead_ratio"] = level.overhead;
  json["overhead_ratio_error"] = level.error ? Json(*level.error) : Json(nullptr);
  return json;
}

}  // namespace

std::string price_text(const ProcessPrice& of) {
  const auto& [price, hit] = std::tie(of.price, of.hit);
  const std::string_view bound = price.is_at_most ? "at most " : "";
  auto text = fmt::format("What tracing process {} ({}) would cost it, from {:.1f} s\n",
                          of.process.pid, escape(of.process.exe), of.seconds);
  text +=
      fmt::format("  {:<10}{}{} a second", "growths", bound, per_second(price.growths_per_second));
  if (price.growths_error) text += fmt::format(" ± {}", per_second(*price.growths_error));
  text += fmt::format(", {:.2f} CPUs busy\n", price.cpus);
  text += fmt::format("  {:<10}{} ± {}{}\n", "a hit", human_duration(whole(hit.ns)),
                      human_duration(whole(hit.error_ns)),
                      of.hit_is_measured ? "" : ", assumed: it can't be measured here");
  text += "With --detail\n";
  text += level_line(of, "growth", price.growth, {});
  text += level_line(of, "buckets", price.buckets, of.buckets_refusal);
  text += of.assign_refusal.empty()
              ? fmt::format("  {:<10}as growth, and at most {} for assignments (--max-overhead)\n",
                            "assign", percent(of.max_overhead))
              : fmt::format("  {:<10}not possible: {}\n", "assign", escape(of.assign_refusal));
  return text + advice(of);
}

std::string price_json(const ProcessPrice& of) {
  const auto& price = of.price;
  Json levels = Json::array();
  levels.push_back(level_json("growth", price.growth, {}));
  levels.push_back(level_json("buckets", price.buckets, of.buckets_refusal));
  auto assign = price.growth;
  assign.overhead = std::min(assign.overhead + of.max_overhead, 1.0);
  levels.push_back(level_json("assign", assign, of.assign_refusal));
  levels.back().erase("hits_per_second");
  const Json json{{"event", "estimate"},
                  {"pid", of.process.pid},
                  {"exe", of.process.exe},
                  {"go_version", of.process.go_version},
                  {"impl", to_string(of.process.design)},
                  {"sample_ns", whole(of.seconds * 1e9)},
                  {"windows", of.windows},
                  {"cpus", price.cpus},
                  {"growths_per_second", price.growths_per_second},
                  {"growths_per_second_error",
                   price.growths_error ? Json(*price.growths_error) : Json(nullptr)},
                  {"at_most", price.is_at_most},
                  {"hit_ns", of.hit.ns},
                  {"hit_ns_error", of.hit.error_ns},
                  {"hit_measured", of.hit_is_measured},
                  {"max_overhead", of.max_overhead},
                  {"sampled", price.growth.overhead > of.max_overhead},
                  {"levels", std::move(levels)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gomapd::exporter
