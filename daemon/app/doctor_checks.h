// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "daemon/export/doctor.h"
#include "daemon/kernel/host_facts.h"

namespace gomapd::app {

// What the facts mean for tracing, and what to do about each. Pure.
[[nodiscard]] exporter::DoctorReport examine(const kernel::HostFacts& facts);

}  // namespace gomapd::app
