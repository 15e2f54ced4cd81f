// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Since Linux 6.13 tracing programs may get a stack for each CPU instead of the
// kernel's own, "for they can't be preempted" (a76ab5731e32 "bpf: Find eligible
// subprogs for private stack support"). Those of uprobes can: on a preemptible kernel
// two of them would write the same stack, and the kernel panics.
#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/kernel/assign_probes.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/growth_sampler.h"
#include "daemon/kernel/tracer.h"
#include "daemon/proc/file.h"

namespace gomapd::kernel {
namespace {

std::set<std::uint32_t> loaded_programs() {
  std::set<std::uint32_t> ids;
  for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) ids.insert(id);
  return ids;
}

struct Program {
  std::string name;
  std::vector<std::uint8_t> machine_code;
};

Program program_of(std::uint32_t id) {
  const proc::Fd fd(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  std::uint32_t size = sizeof(info);
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return {};
  Program program{.name = info.name, .machine_code = {}};
  program.machine_code.resize(info.jited_prog_len);
  info = {};
  info.jited_prog_len = static_cast<std::uint32_t>(program.machine_code.size());
  info.jited_prog_insns = reinterpret_cast<std::uint64_t>(program.machine_code.data());
  size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return {};
  return program;
}

// linux arch/x86/net/bpf_jit_comp.c: emit_priv_frame_ptr; add r9, gs:[this_cpu_off].
bool has_private_stack(const Program& program) {
  constexpr std::array<std::uint8_t, 5> kAddPerCpuOffset{0x65, 0x4c, 0x03, 0x0c, 0x25};
  return !std::ranges::search(program.machine_code, kAddPerCpuOffset).empty();
}

TEST(PrivateStackTracer, IsUsedByNoProbe) {
  if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
  const auto before = loaded_programs();
  const auto tracer = Tracer::load({});
  ASSERT_TRUE(tracer.has_value()) << tracer.error().context;
  const auto assigns = AssignProbes::load({});
  ASSERT_TRUE(assigns.has_value()) << assigns.error().context;
  const auto sampler = GrowthSampler::load({}, *tracer);
  ASSERT_TRUE(sampler.has_value()) << sampler.error().context;
  int looked_at = 0;
  for (const auto id : loaded_programs()) {
    if (before.contains(id)) continue;
    const auto program = program_of(id);
    if (!program.name.starts_with("gm_") || program.machine_code.empty()) continue;
    ++looked_at;
    EXPECT_FALSE(has_private_stack(program)) << program.name;
  }
  if (looked_at == 0) GTEST_SKIP() << "programs are not compiled here (net.core.bpf_jit_enable)";
  EXPECT_GE(looked_at, 10);
}

}  // namespace
}  // namespace gomapd::kernel
