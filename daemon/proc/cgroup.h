// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "daemon/model/identity.h"
#include "probes/base/result.h"

// Which systemd unit and which container a process belongs to, as its cgroup
// tells. No runtime and no bus is asked.
namespace gomapd::proc {

struct CgroupIdentity {
  std::string unit;          // "nginx.service"; empty: none
  std::string container_id;  // as its runtime knows it, whole; empty: none

  friend bool operator==(const CgroupIdentity&, const CgroupIdentity&) = default;
};

// From the text of /proc/PID/cgroup (cgroup v1, v2 or both). Any bytes are
// welcome: what is no name that systemd or a container runtime gives is no unit
// and no container. Both names are printable ASCII of at most 255 bytes.
//
// - The unit is what systemd itself made: the first part of the path that is no
//   slice, or below user@UID.service the user's own unit. A cgroup further in
//   belongs to the unit and may be named by anybody. Its spelling is systemctl's.
// - A container is the innermost one. The scope that systemd made for it alone is
//   no unit: it would only say the same again. A unit inside a container (which
//   runs a systemd of its own) goes before the one outside.
// - Who may make cgroups of his own (a delegated unit, rootless Podman) may name one
//   as a container's: a container id is a hint, no proof of who somebody is.
// - Monitors (conmon, lxc.monitor) are no part of the container they watch.
[[nodiscard]] CgroupIdentity cgroup_identity(std::string_view text);

// The same of a running process. kGone: there is none.
[[nodiscard]] Result<CgroupIdentity> cgroup_identity_of(pid_t pid);

// With the base name of its executable. kGone, kPermission; kNotGo: a kernel
// thread. Hold a pidfd around it: a PID may be reused between the two reads.
[[nodiscard]] Result<model::Identity> identity_of(pid_t pid);

}  // namespace gomapd::proc
