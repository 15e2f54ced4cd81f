// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "daemon/model/price.h"
#include "daemon/model/trace.h"

namespace gomapd::exporter {

// What it would cost one process to be traced.
struct ProcessPrice {
  model::Process process;
  model::Price price;
  double seconds = 0;  // of the sample
  std::uint64_t windows = 0;
  model::ProbeCost hit;
  bool hit_is_measured = false;
  double max_overhead = 0;  // what a budget would leave
  // Why not; empty: it can be traced so.
  std::string buckets_refusal;
  std::string assign_refusal;
};

// For people.
[[nodiscard]] std::string price_text(const ProcessPrice& price);
// One object, without a newline: docs/COST.md has its fields.
[[nodiscard]] std::string price_json(const ProcessPrice& price);

}  // namespace gomapd::exporter
