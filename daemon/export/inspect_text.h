// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/plan/plan.h"

namespace gomapd::exporter {

// `inspect` for people. Ends with a newline.
[[nodiscard]] std::string inspect_text(const std::string& path, const Plan& plan);

}  // namespace gomapd::exporter
