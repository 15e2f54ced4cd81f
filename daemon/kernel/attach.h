// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bpf/libbpf.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/kernel/handles.h"
#include "daemon/kernel/stats.h"
#include "probes/base/result.h"

// What every set of BPF programs needs, whichever object it comes from.
namespace gomapd::kernel {

// `error` is an errno value: kPermission or kSystem.
[[nodiscard]] std::unexpected<Error> system_error(const std::string& what, int error);

// libbpf's messages, for --verbose, and room for BPF memory. Idempotent.
void prepare_libbpf();

// The PID namespace in which we live; nothing when it is the initial one.
struct PidNamespace {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};
[[nodiscard]] std::optional<PidNamespace> own_pid_namespace();

enum class AttachBy : std::uint8_t {
  kUprobeMulti,
  kPerfEvent,
  kCopies,  // perf events without cookies: each site has its own copy of the program
};

// What this kernel has, the best first. GOMAPD_NO_COOKIES in the environment: as if it
// were older than 5.15, for tests.
[[nodiscard]] AttachBy how_to_attach(bool force_perf_uprobes);

// The programs of `object` as `by` wants them, before they are loaded.
void set_attach_type(bpf_object& object, AttachBy by);

// Where one program goes: file offsets, each with its cookie.
struct Places {
  std::vector<unsigned long> offsets;
  std::vector<__u64> cookies;
};

// Puts `program` into process `pid`, where the kernel can tell processes apart,
// at `places` of the file `path`; adds the links. After an error some may be in.
[[nodiscard]] Result<void> attach(bpf_program* program, AttachBy by, const std::string& path,
                                  pid_t pid, const Places& places, std::vector<ProbeLink>& links);

// Of gm_stats, summed over the CPUs.
[[nodiscard]] Result<Stats> read_stats(const bpf_map* table);

// Takes these probes out, and waits for those that are just being hit. Each link waits
// for the kernel for some tens of milliseconds as it goes, so they go side by side.
void take_out(std::vector<ProbeLink> links);

}  // namespace gomapd::kernel
