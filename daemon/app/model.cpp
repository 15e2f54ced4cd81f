// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/model.h"

#include <fmt/core.h>

#include "daemon/app/asked_go.h"
#include "daemon/export/model_text.h"

namespace gomapd::app {
namespace {

Result<model::ValueType> type_of(const ModelOptions::Type& type, std::string_view name) {
  const auto align = type.align.value_or(model::natural_align(type.size));
  if (type.size % align != 0)
    return fail(Errc::kUsage, fmt::format("model: --{0}-size {1}: no multiple of its alignment {2}",
                                          name, type.size, align));
  if (type.has_pointers && (type.size == 0 || align != sizeof(void*)))
    return fail(Errc::kUsage,
                fmt::format("model: --{0}-pointers: a {0} of {1} bytes, aligned to {2}, has none",
                            name, type.size, align));
  return model::ValueType{.size = type.size, .align = align, .has_pointers = type.has_pointers};
}

}  // namespace

Result<void> model(const ModelOptions& options) {
  exporter::ModelReport report;
  const auto asked = TRY(asked_go("model", options.go_version, options.classic));
  report.go_version = asked.name;
  report.assumed_rules = asked.assumed_rules;
  report.shape.version = asked.version;
  report.shape.design = asked.design;
  report.shape.key = TRY(type_of(options.key, "key"));
  report.shape.elem = TRY(type_of(options.elem, "elem"));
  if (options.go_version.contains("mapsplitgroup"))
    report.shape.layout = model::GroupLayout::kSplit;
  report.asked = options.hint ? exporter::Asked::kHint : exporter::Asked::kInserts;
  report.keys = options.hint ? *options.hint : options.inserts.value_or(0);
  report.hinted = model::plan_hint(report.shape, report.keys);
  report.plan = options.hint ? report.hinted : model::plan_inserts(report.shape, report.keys);
  if (options.json)
    fmt::print("{}\n", exporter::model_json(report));
  else
    fmt::print("{}", exporter::model_text(report));
  return {};
}

}  // namespace gomapd::app
