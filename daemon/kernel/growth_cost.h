// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/kernel/hit_cost.h"

namespace gomapd::kernel {

// What a hit of the programs that count each growth costs on this machine, stack and
// record included: some milliseconds of growths that are none in our own process, seen
// by a tracer of their own. An assumption where it can't be measured.
[[nodiscard]] HitCost measure_growth_hit_cost(bool force_perf_uprobes);

}  // namespace gomapd::kernel
