// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>

#include "probes/base/result.h"

namespace gomapd::privilege {

// Leaves the calling thread, and those that it will start, no more than `capabilities`
// (CAP_… of linux/capability.h), as far as it has them, and nothing to hand on or to gain by
// an execve: no_new_privs is set, the inheritable and ambient sets are emptied, and the
// bounding set is cut likewise where CAP_SETPCAP allows. kSystem: it could not be done.
[[nodiscard]] Result<void> keep_only(std::span<const int> capabilities);

}  // namespace gomapd::privilege
