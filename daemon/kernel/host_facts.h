// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/kernel/features.h"
#include "daemon/kernel/hit_cost.h"

namespace gomapd::kernel {

// What a host offers to a tracer, as found by asking or trying.
struct HostFacts {
  std::string release;  // of the kernel, whole
  KernelVersion version;
  std::string architecture;  // as Go calls it; what we are built for
  // Capabilities that we hold.
  bool sys_admin = false;
  bool bpf = false;
  bool perfmon = false;
  bool sys_ptrace = false;
  bool dac_read_search = false;  // or dac_override
  bool btf = false;
  // Found by trying, where we may.
  bool uprobe_multi = false;
  bool perf_uprobes = false;  // there is such a perf event source
  bool ring_buffer = false;
  bool cookies = false;
  std::optional<int> jit;                  // net.core.bpf_jit_enable
  std::optional<int> perf_event_paranoid;  // kernel.perf_event_paranoid
  std::optional<int> ptrace_scope;         // kernel.yama.ptrace_scope
  std::string lockdown;                    // "none", "integrity", "confidentiality"; empty: none
  bool own_pid_namespace = false;          // not the initial one
  bool hides_processes = false;            // /proc is mounted with hidepid
  std::uint64_t open_files = 0;            // how many we may have
  // What a hit costs; kAssumedHitCost where it could not be measured, with why.
  HitCost emulated;
  HitCost stepped;
  std::string not_measured_why;  // empty: measured
};

// Takes some milliseconds; puts probes into our own process only, and out again.
[[nodiscard]] HostFacts find_host_facts();

}  // namespace gomapd::kernel
