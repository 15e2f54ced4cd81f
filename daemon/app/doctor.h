// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/base/result.h"

namespace gomapd::app {

struct DoctorOptions {
  bool json = false;
};

// The command `doctor`: what this host can do and what a hit costs here. Some
// milliseconds of probes in our own process. After the result is out: kPermission or
// kNoKernelFeature where nothing can be traced.
[[nodiscard]] Result<void> doctor(const DoctorOptions& options);

}  // namespace gomapd::app
