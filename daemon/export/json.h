// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>

#include "daemon/export/price.h"
#include "daemon/export/report.h"
#include "daemon/model/trace.h"
#include "probes/plan/plan.h"

namespace gomapd::model {
struct LifeStep;
}

namespace gomapd::exporter {

// JSON Lines of `trace --json`, each without its newline. Addresses are hex
// strings, text is ASCII with \u escapes. `time_ns` is CLOCK_REALTIME.
// With a step of its map's life, further fields tell that.
[[nodiscard]] std::string growth_json(const model::GrowthEvent& event, std::uint64_t time_ns,
                                      const model::LifeStep* step = nullptr);
[[nodiscard]] std::string process_json(std::string_view event, const model::Process& process,
                                       std::uint64_t time_ns);
[[nodiscard]] std::string summary_json(const TraceReport& report);

// `inspect --json`: one object. `price`, if not null, becomes its field "estimate".
[[nodiscard]] std::string inspect_json(const std::string& path, const Plan& plan,
                                       const ProcessPrice* price = nullptr);

}  // namespace gomapd::exporter
