// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/base/result.h"

namespace gomapd::kernel {

struct KernelVersion {
  int major = 0;
  int minor = 0;

  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// Of the running kernel, from uname.
[[nodiscard]] KernelVersion running_kernel();

// Before 6.10 uprobe_multi compared threads, not processes, with its PID: other
// threads' hits were lost. linux 46ba0e49b642 "bpf: fix multi-uprobe PID
// filtering logic".
inline constexpr KernelVersion kUprobeMultiPidFilterFixed{6, 10};

// The ring buffer, CAP_BPF and CAP_PERFMON.
inline constexpr KernelVersion kOldestTraced{5, 8};

// Newer than linux/capability.h of some distributions: Linux 5.8.
inline constexpr unsigned kCapPerfmon = 38;
inline constexpr unsigned kCapBpf = 39;
// Whether we hold it now.
[[nodiscard]] bool has_capability(unsigned capability);

// What tracing needs and this process or kernel lacks, each with a remedy;
// kPermission or kNoKernelFeature. Nothing is loaded.
[[nodiscard]] Result<void> check_prerequisites();

// Whether the kernel takes uprobe_multi links (6.6 and later), found by trying.
[[nodiscard]] bool has_uprobe_multi();

// Whether a probe can have a cookie (5.15 and later), found by trying.
[[nodiscard]] bool has_cookies();

// "libbpf 1.4" as linked.
[[nodiscard]] std::string libbpf_version();

}  // namespace gomapd::kernel
