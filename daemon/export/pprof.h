// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/export/profile.h"

namespace gomapd::exporter {

// The profile that `go tool pprof` reads, gzipped: a sample for each process,
// call stack and map type, with its growths, their bytes and their time, and
// the labels `map_type` and `pid`. The sums are those of the summary: a growth
// whose stack was not kept is under a function called [unknown]. Addresses are
// those of the file, as if it had been loaded without a bias. `shown` is the
// sample type that pprof begins with.
// https://github.com/google/pprof/blob/main/proto/profile.proto
[[nodiscard]] Result<std::string> pprof_profile(const TraceReport& report,
                                                Weight shown = Weight::kGrowths);

}  // namespace gomapd::exporter
