// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>

#include "daemon/model/plan.h"

namespace gomapd::exporter {

enum class Asked : std::uint8_t { kHint, kInserts };

// What `model` was asked, and its answer.
struct ModelReport {
  std::string go_version;
  model::MapShape shape;
  Asked asked = Asked::kHint;
  std::uint64_t keys = 0;  // the hint, or how many inserts
  model::Plan plan;
  model::Plan hinted;         // of inserts: what the same number as a hint would make
  std::string assumed_rules;  // "go1.27": the newest known, for a release after it
};

// For people. Ends with a newline.
[[nodiscard]] std::string model_text(const ModelReport& report);

// `model --json`: one object, without a newline. `tables` is null when there are
// more than 65,536, which are then only counted.
[[nodiscard]] std::string model_json(const ModelReport& report);

}  // namespace gomapd::exporter
