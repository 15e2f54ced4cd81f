// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/base/result.h"

namespace gomapd::proc {

// What stands in a file of /proc, up to `most` bytes. kNotFound: there is none, or
// its process has gone. kPermission, kSystem.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t most);

}  // namespace gomapd::proc
