// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/model_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "daemon/export/terminal.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

std::string type_text(const model::ValueType& type) {
  auto text = human_count(type.size) + (type.size == 1 ? " byte" : " bytes");
  if (type.is_indirect()) return text + " (kept by pointer)";
  return type.has_pointers ? text + " with pointers" : text;
}

std::string count_text(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", human_count(count), count == 1 ? one : many);
}

std::string about(bool estimated) {
  return estimated ? "about " : "";
}

std::string layout_text(const ModelReport& report) {
  const auto& plan = report.plan;
  const auto slots = count_text(plan.slots, "slot", "slots");
  if (report.shape.design == go::Design::kClassic) {
    auto text =
        fmt::format("B = {}: {}, {}", plan.b, count_text(plan.buckets, "bucket", "buckets"), slots);
    if (plan.overflow_ahead != 0)
      text += fmt::format(", and {} ahead",
                          count_text(plan.overflow_ahead, "overflow bucket", "overflow buckets"));
    return text;
  }
  if (plan.tables == 0)
    return "a small map: one group, " + slots +
           (report.asked == Asked::kHint && report.keys > plan.slots
                ? "; the hint is too large, and ignored"
                : "");
  return fmt::format("{}{} of {} slots each{}", about(plan.estimated),
                     count_text(plan.tables, "table", "tables"), human_count(plan.table_slots),
                     plan.tables == 1 ? "" : ", " + slots);
}

std::string next_text(const model::Plan& plan) {
  if (!plan.next_growth_keys)
    return "with a few keys more: which table is full is up to the hashes";
  return fmt::format("{} key {}", plan.next_growth_estimated ? "about" : "at",
                     human_count(*plan.next_growth_keys + 1));
}

using Row = std::array<std::string, 5>;

std::string kind_text(const model::PlannedGrowth& growth) {
  const std::string kind(model::to_string(growth.kind));
  return growth.count == 1 ? kind : fmt::format("{} × {}", human_count(growth.count), kind);
}

Row row_of(const model::PlannedGrowth& growth) {
  return {(growth.estimated ? "~" : "") + human_count(growth.keys + 1), kind_text(growth),
          human_count(growth.sizes.old_buckets), human_count(growth.sizes.new_buckets),
          human_bytes(growth.sizes.bytes * growth.count)};
}

// Numbers to the right, the kind to the left.
std::string table_text(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths.at(i) = std::max(widths.at(i), columns(row.at(i)));
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths.at(i) - columns(row.at(i)), ' ');
      text += "  " + (i == 1 ? row.at(i) + padding : padding + row.at(i));
    }
    text += "\n";
  }
  return text;
}

// Splits of one level, that is until as many tables again have come, as one.
std::vector<model::PlannedGrowth> by_level(const std::vector<model::PlannedGrowth>& growths) {
  std::vector<model::PlannedGrowth> levels;
  std::uint64_t in_level = 0;  // splits that the level may still take
  std::uint64_t level = 1;
  for (const auto& growth : growths) {
    if (growth.kind != GM_KIND_SPLIT || growth.count != 1) {
      levels.push_back(growth);
    } else if (in_level != 0) {
      ++levels.back().count;
      --in_level;
    } else {
      levels.push_back(growth);
      in_level = level - 1;
      level *= 2;
    }
  }
  return levels;
}

// What the same number as a hint would do instead.
std::string hint_text(const ModelReport& report) {
  if (report.hinted.is_lazy)
    return fmt::format("the hint {} is too large for the runtime, which would ignore it\n",
                       human_count(report.keys));
  auto text = fmt::format("made with the hint {}: {} at once", human_count(report.keys),
                          human_bytes(report.hinted.bytes));
  if (const auto next = report.hinted.next_growth_keys; next && *next < report.keys)
    text +=
        fmt::format(", but a table is expected to be full at about key {}", human_count(*next + 1));
  return text + "\n";
}

std::string growths_text(const ModelReport& report) {
  const auto& plan = report.plan;
  if (plan.growths.empty()) return "\nNo growth on the way.\n";
  const bool classic = report.shape.design == go::Design::kClassic;
  std::vector<Row> rows{{"AT KEY", "KIND", classic ? "OLD BUCKETS" : "OLD SLOTS",
                         classic ? "NEW BUCKETS" : "NEW SLOTS", "BYTES"}};
  for (const auto& growth : by_level(plan.growths)) rows.push_back(row_of(growth));
  auto text = "\n" + table_text(rows);
  text += fmt::format("\n{}{} allocated in all, {} of them thrown away\n", about(plan.estimated),
                      human_bytes(plan.total_bytes), human_bytes(plan.discarded_bytes));
  return text + hint_text(report);
}

}  // namespace

std::string model_text(const ModelReport& report) {
  const auto& [go_version, shape, asked, keys, plan, hinted, assumed] = report;
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  const bool classic = shape.design == go::Design::kClassic;
  line("go version", escape(go_version));
  if (!assumed.empty()) line("rules", assumed + "'s are assumed: the newest known");
  line("maps", to_string(shape.design));
  line("key", type_text(shape.key));
  line("element", type_text(shape.elem));
  line(classic ? "bucket" : "group",
       fmt::format("{} bytes, 8 slots", human_count(shape.slots().unit_bytes)));
  line("asked", asked == Asked::kHint ? fmt::format("make with the hint {}", human_count(keys))
                                      : fmt::format("{} of different keys, without a hint",
                                                    count_text(keys, "insert", "inserts")));
  line("map", layout_text(report));
  line("bytes", plan.is_lazy ? "none before the first key"
                             : about(plan.estimated) + human_bytes(plan.bytes));
  if (plan.overflow_used != 0)
    line("overflow",
         fmt::format("about {} in use",
                     count_text(plan.overflow_used, "overflow bucket", "overflow buckets")));
  line("next growth", next_text(plan));
  if (asked == Asked::kInserts) text += growths_text(report);
  return text;
}

}  // namespace gomapd::exporter
