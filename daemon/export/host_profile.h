// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/export/report.h"
#include "daemon/model/host.h"

namespace gomapd::exporter {

// What grew on a host between two of its states, as the report that profiles are
// made of. With the default `before`: since the daemon began. Its summary has
// processes and stacks only. The report borrows from `after`.
[[nodiscard]] TraceReport host_profile(const model::HostState& after,
                                       const model::HostState& before = {});

}  // namespace gomapd::exporter
