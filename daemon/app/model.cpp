// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/model.h"

#include <fmt/core.h>

#include "daemon/export/model_text.h"
#include "probes/go/releases.h"
#include "probes/plan/plan.h"

namespace gomapd::app {
namespace {

constexpr int kFirstSwissMinor = 24;
constexpr int kLastClassicMinor = 25;  // with GOEXPERIMENT=noswissmap

// "1.23" is "go1.23".
std::string full_version(const std::string& text) {
  return text.starts_with("go") || text.starts_with("devel ") ? text : "go" + text;
}

Result<go::Version> version_of(const std::string& text) {
  const auto version = go::parse_version(full_version(text));
  if (version && version->minor >= go::kOldestMinor) return *version;
  return fail(Errc::kUsage, fmt::format("model: --go {}: not a Go version that is known: 1.{} to "
                                        "1.{}, and later ones by the rules of the last",
                                        text, go::kOldestMinor, go::kNewestMinor));
}

Result<go::Design> design_of(const ModelOptions& options, go::Version version) {
  const bool classic = options.classic || options.go_version.contains("noswissmap");
  if (version.minor < kFirstSwissMinor) return go::Design::kClassic;
  if (!classic) return go::Design::kSwiss;
  if (version.minor <= kLastClassicMinor) return go::Design::kClassic;
  return fail(Errc::kUsage, fmt::format("model: --go {}: has no classic maps, 1.{} was the last",
                                        options.go_version, kLastClassicMinor));
}

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
  report.go_version = full_version(options.go_version);
  report.shape.version = TRY(version_of(options.go_version));
  if (report.shape.version.minor > go::kNewestMinor) {
    report.shape.version = {go::kNewestMinor, 0};
    report.assumed_rules = rules_name(report.shape.version);
  }
  report.shape.design = TRY(design_of(options, report.shape.version));
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
