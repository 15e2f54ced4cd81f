// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/export/profile.h"

namespace gomapd::exporter {

// A flame graph as one SVG picture that needs nothing from outside: callers
// below, callees above in alphabetical order, as wide as their weight, and on
// top the type of the map that grew. Boxes can be zoomed and searched where
// scripts run, and say on hovering what they are everywhere. Names are escaped.
[[nodiscard]] std::string flamegraph_svg(const TraceReport& report, Weight weight);

}  // namespace gomapd::exporter
