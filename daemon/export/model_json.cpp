// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <nlohmann/json.hpp>

#include "daemon/export/model_text.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostTablesListed = 65536;

Json growths_json(const std::vector<model::PlannedGrowth>& growths) {
  Json list = Json::array();
  for (const auto& growth : growths)
    list.push_back({{"keys", growth.keys},
                    {"kind", model::to_string(growth.kind)},
                    {"old", growth.sizes.old_buckets},
                    {"new", growth.sizes.new_buckets},
                    {"bytes", growth.sizes.bytes},
                    {"count", growth.count},
                    {"estimated", growth.estimated}});
  return list;
}

void add_classic(Json& json, const model::Plan& plan) {
  json["b"] = plan.b;
  json["buckets"] = plan.buckets;
  json["overflow_ahead"] = plan.overflow_ahead;
  json["overflow_estimated"] = plan.overflow_used;
}

void add_swiss(Json& json, const model::Plan& plan) {
  json["tables"] = plan.tables <= kMostTablesListed
                       ? Json(std::vector<std::uint64_t>(plan.tables, plan.table_slots))
                       : Json(nullptr);
  json["table_count"] = plan.tables;
}

Json type_json(const model::ValueType& type) {
  return {{"size", type.size}, {"align", type.align}, {"pointers", type.has_pointers}};
}

}  // namespace

std::string model_json(const ModelReport& report) {
  const auto& plan = report.plan;
  const bool classic = report.shape.design == go::Design::kClassic;
  Json json{{"go_version", report.go_version}, {"impl", to_string(report.shape.design)}};
  if (!report.assumed_rules.empty()) json["assumed_rules"] = report.assumed_rules;
  json[report.asked == Asked::kHint ? "hint" : "inserts"] = report.keys;
  json["key"] = type_json(report.shape.key);
  json["elem"] = type_json(report.shape.elem);
  json[classic ? "bucket_bytes" : "group_bytes"] = report.shape.slots().unit_bytes;
  if (classic)
    add_classic(json, plan);
  else
    add_swiss(json, plan);
  json["slots"] = plan.slots;
  json["bytes"] = plan.bytes;
  json["estimated"] = plan.estimated;
  json["growths"] = growths_json(plan.growths);
  json["total_bytes"] = plan.total_bytes;
  json["discarded_bytes"] = plan.discarded_bytes;
  json["next_growth_keys"] = plan.next_growth_keys ? Json(*plan.next_growth_keys) : Json(nullptr);
  json["next_growth_estimated"] = plan.next_growth_estimated;
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace gomapd::exporter
