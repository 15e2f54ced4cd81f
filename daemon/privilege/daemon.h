// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "probes/base/result.h"

// What a daemon that looks at all of a host keeps of its privileges.
namespace gomapd::privilege {

struct DaemonNeeds {
  bool old_attach = false;      // no uprobe_multi: probes by perf events
  bool binds_low_port = false;  // below 1024
};

// Capabilities, by docs/DEPLOYMENT.md's table.
[[nodiscard]] std::vector<int> capabilities_of(const DaemonNeeds& needs);

// Gives up all others for good, and then the system calls that a daemon doesn't make: no
// execve, no process (threads only), no ptrace, mount, module, key, namespace, other user or
// writing to the file system's names; they fail with EPERM, and the kernel's audit log tells
// of each. For the only thread, and those that it starts. kSystem: it could not be done.
[[nodiscard]] Result<void> become_daemon(const DaemonNeeds& needs);

// The second half alone.
[[nodiscard]] Result<void> allow_daemons_calls_only();

}  // namespace gomapd::privilege
