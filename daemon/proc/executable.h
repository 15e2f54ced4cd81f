// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/base/result.h"

namespace gomapd::proc {

// The file that `command` runs, found as execvp(3) finds it: as it is when it
// holds a slash, else in PATH. kNotFound when there is none.
[[nodiscard]] Result<std::string> find_executable(const std::string& command);

}  // namespace gomapd::proc
