// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>

#include "daemon/model/advice.h"
#include "daemon/model/cache_plan.h"

namespace gomapd::exporter {

// For people: hints best first, what no hint helps, maps that never stop growing.
// `width` columns at most, 0 for no limit. Ends with a newline.
[[nodiscard]] std::string advice_text(const model::Advice& advice, std::size_t width);

// `advise --json`: one object, without a newline. Where no hint is advised, `hint`
// and what it saves are 0, and `if_hinted` has what the percentile would do.
[[nodiscard]] std::string advice_json(const model::Advice& advice);

// Why a hint is not advised; empty when it is. Escaped.
[[nodiscard]] std::string reason_text(const model::SiteAdvice& one);

// Savings an hour at the rate of the trace, where a rate can be told.
[[nodiscard]] bool has_rate(const model::Advice& advice, const model::SiteSizes& site);
[[nodiscard]] double per_hour(const model::Advice& advice, std::uint64_t amount);

// The planner's answer.
struct CachePlanReport {
  std::string go_version;
  std::string assumed_rules;  // "go1.27": the newest known, for a release after it
  model::CacheLoad load;
  model::CachePlan plan;
};
[[nodiscard]] std::string cache_plan_text(const CachePlanReport& report);
[[nodiscard]] std::string cache_plan_json(const CachePlanReport& report);

}  // namespace gomapd::exporter
