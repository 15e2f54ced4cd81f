// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/export/assign.h"

namespace gomapd::exporter {

// The values of the summary's fields `assign` and `assign_sites`. `traced_ns`: for
// how long, each process by itself.
[[nodiscard]] nlohmann::ordered_json assign_summary_json(const AssignReport& report,
                                                         std::uint64_t traced_ns);
[[nodiscard]] nlohmann::ordered_json assign_sites_json(const AssignReport& report);

}  // namespace gomapd::exporter
