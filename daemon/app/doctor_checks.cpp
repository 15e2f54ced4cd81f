// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/doctor_checks.h"

#include <fmt/core.h>

#include <string>
#include <utility>

namespace gomapd::app {
namespace {

using exporter::DoctorCheck;
using exporter::Verdict;
using kernel::HostFacts;
using kernel::KernelVersion;

// Uprobes found without a lock that all CPUs share: linux 8617408f7a01 and the rest
// of that series.
constexpr KernelVersion kUprobesScale{6, 12};

DoctorCheck kernel_check(const HostFacts& facts) {
  const bool is_old = facts.version < kernel::kOldestTraced;
  return {.name = "kernel",
          .verdict = is_old ? Verdict::kFail : Verdict::kOk,
          .detail = fmt::format("Linux {}", facts.release),
          .remedy = is_old ? "gomapd needs Linux 5.8 or later" : ""};
}

DoctorCheck architecture_check(const HostFacts& facts) {
  return {.name = "architecture",
          .detail = fmt::format("{}: programs for it can be traced", facts.architecture),
          .remedy = ""};
}

DoctorCheck permission_check(const HostFacts& facts) {
  if (facts.sys_admin || (facts.bpf && facts.perfmon))
    return {.name = "permission",
            .detail = facts.sys_admin ? "CAP_SYS_ADMIN (root)" : "CAP_BPF and CAP_PERFMON",
            .remedy = ""};
  return {.name = "permission",
          .verdict = Verdict::kFail,
          .detail = fmt::format("{}{} missing", facts.bpf ? "" : "CAP_BPF ",
                                facts.perfmon ? "" : "CAP_PERFMON"),
          .remedy = "run it as root: sudo gomapd doctor; or give it CAP_BPF and CAP_PERFMON"};
}

DoctorCheck btf_check(const HostFacts& facts) {
  return {.name = "btf",
          .verdict = facts.btf ? Verdict::kOk : Verdict::kFail,
          .detail = facts.btf ? "/sys/kernel/btf/vmlinux" : "there is no /sys/kernel/btf/vmlinux",
          .remedy = facts.btf ? "" : "a kernel with CONFIG_DEBUG_INFO_BTF=y"};
}

// What can be found only by those who may load BPF programs.
DoctorCheck tried(std::string name, bool is_there, bool may_try, std::string detail,
                  std::string remedy) {
  if (is_there) return {.name = std::move(name), .detail = std::move(detail), .remedy = ""};
  if (!may_try)
    return {.name = std::move(name),
            .verdict = Verdict::kNote,
            .detail = "can't be tried without permission",
            .remedy = ""};
  return {.name = std::move(name),
          .verdict = Verdict::kFail,
          .detail = "the kernel does not have it",
          .remedy = std::move(remedy)};
}

DoctorCheck cookies_check(const HostFacts& facts, bool may_try) {
  if (facts.cookies || !may_try)
    return tried("cookies", facts.cookies, may_try, "bpf_get_attach_cookie", "");
  return {.name = "cookies",
          .verdict = Verdict::kNote,
          .detail =
              "no bpf_get_attach_cookie: each probe has a program of its own, "
              "so attaching takes longer",
          .remedy = "Linux 5.15 or later has it"};
}

DoctorCheck uprobe_check(const HostFacts& facts, bool may_try) {
  if (facts.uprobe_multi && facts.version < kernel::kUprobeMultiPidFilterFixed)
    return {.name = "uprobes",
            .verdict = Verdict::kNote,
            .detail =
                "uprobe_multi, whose filter by process loses threads before Linux 6.10: "
                "probes go into all that run an executable, and hits of others are filtered",
            .remedy = "Linux 6.10 or later, where one process of many is to be traced"};
  if (facts.uprobe_multi) return {.name = "uprobes", .detail = "uprobe_multi", .remedy = ""};
  if (!facts.perf_uprobes)
    return {.name = "uprobes",
            .verdict = Verdict::kFail,
            .detail = "the kernel has none",
            .remedy = "a kernel with CONFIG_UPROBE_EVENTS=y"};
  if (!may_try)
    return {.name = "uprobes",
            .verdict = Verdict::kNote,
            .detail = "by perf events; uprobe_multi can't be tried without permission",
            .remedy = ""};
  // linux ba677dbe77af "perf: Revert to requiring CAP_SYS_ADMIN for uprobes", for
  // CVE-2025-38466, in stable kernels too.
  if (!facts.sys_admin)
    return {.name = "uprobes",
            .verdict = Verdict::kNote,
            .detail =
                "by perf events, which need CAP_SYS_ADMIN in kernels that have closed "
                "CVE-2025-38466",
            .remedy = "run it as root, or Linux 6.6 or later, which has uprobe_multi"};
  return {.name = "uprobes",
          .verdict = Verdict::kNote,
          .detail = "by perf events: they come and go one by one",
          .remedy = "Linux 6.6 or later has uprobe_multi"};
}

DoctorCheck scaling_check(const HostFacts& facts) {
  if (facts.version >= kUprobesScale)
    return {.name = "many_cpus",
            .detail = "hits on several CPUs don't wait for each other",
            .remedy = ""};
  return {.name = "many_cpus",
          .verdict = Verdict::kNote,
          .detail =
              "hits on several CPUs wait for each other: a program that grows maps on many "
              "at once pays more for each",
          .remedy = "Linux 6.12 or later"};
}

DoctorCheck jit_check(const HostFacts& facts) {
  if (!facts.jit || *facts.jit != 0)
    return {.name = "jit", .detail = "BPF programs are compiled", .remedy = ""};
  return {.name = "jit",
          .verdict = Verdict::kNote,
          .detail = "BPF programs are interpreted: each hit costs several times as much",
          .remedy = "sysctl net.core.bpf_jit_enable=1"};
}

DoctorCheck processes_check(const HostFacts& facts) {
  if (facts.own_pid_namespace)
    return {.name = "processes",
            .verdict = Verdict::kNote,
            .detail = "this is a PID namespace of its own: only its processes are seen",
            .remedy = "for all of the host: docker run --pid=host, hostPID: true"};
  if (facts.hides_processes && !facts.sys_ptrace)
    return {.name = "processes",
            .verdict = Verdict::kNote,
            .detail = "/proc is mounted with hidepid: others' processes are not seen",
            .remedy = "run it as root, or with CAP_SYS_PTRACE"};
  return {.name = "processes", .detail = "all of the host are seen", .remedy = ""};
}

DoctorCheck memory_check(const HostFacts& facts) {
  if (facts.sys_ptrace)
    return {
        .name = "memory", .detail = "CAP_SYS_PTRACE: any process's maps can be read", .remedy = ""};
  return {.name = "memory",
          .verdict = Verdict::kNote,
          .detail = facts.ptrace_scope.value_or(0) > 0
                        ? "kernel.yama.ptrace_scope lets nobody read others' memory: no snapshots"
                        : "only one's own processes' maps can be read",
          .remedy = "run it as root, or with CAP_SYS_PTRACE"};
}

DoctorCheck lockdown_check(const HostFacts& facts) {
  const bool is_strict = facts.lockdown == "confidentiality";
  return {.name = "lockdown",
          .verdict = is_strict ? Verdict::kNote : Verdict::kOk,
          .detail = is_strict ? "confidentiality: BPF programs may not read kernel memory, which "
                                "Go 1.16 and older programs and --detail assign need"
                    : facts.lockdown.empty() ? "none"
                                             : facts.lockdown,
          .remedy = is_strict ? "boot with lockdown=integrity" : ""};
}

DoctorCheck files_check(const HostFacts& facts) {
  constexpr std::uint64_t kForADaemon = 4096;
  const bool is_low = facts.open_files < kForADaemon;
  return {
      .name = "open_files",
      .verdict = is_low ? Verdict::kNote : Verdict::kOk,
      .detail = fmt::format("{} may be open{}", facts.open_files,
                            is_low ? ": a daemon with some hundred executables needs more" : ""),
      .remedy = is_low ? "ulimit -n 65536, LimitNOFILE= in a systemd unit" : ""};
}

DoctorCheck hit_check(const HostFacts& facts, bool may_try) {
  if (facts.not_measured_why.empty())
    return {.name = "probe_hit",
            .detail = "probes in our own process were hit and counted",
            .remedy = ""};
  return {.name = "probe_hit",
          .verdict = may_try ? Verdict::kFail : Verdict::kNote,
          .detail = "not tried: " + facts.not_measured_why,
          .remedy = may_try ? "run it with --verbose, which shows what the kernel says" : ""};
}

}  // namespace

exporter::DoctorReport examine(const kernel::HostFacts& facts) {
  const auto permission = permission_check(facts);
  const bool may_try = permission.verdict == Verdict::kOk;
  exporter::DoctorReport report;
  report.checks = {kernel_check(facts),
                   architecture_check(facts),
                   permission,
                   btf_check(facts),
                   uprobe_check(facts, may_try),
                   tried("ring_buffer", facts.ring_buffer, may_try, "BPF_MAP_TYPE_RINGBUF",
                         "Linux 5.8 or later"),
                   cookies_check(facts, may_try),
                   jit_check(facts),
                   scaling_check(facts),
                   lockdown_check(facts),
                   processes_check(facts),
                   memory_check(facts),
                   files_check(facts),
                   hit_check(facts, may_try)};
  report.emulated = {facts.emulated.ns, facts.emulated.error_ns};
  report.stepped = {facts.stepped.ns, facts.stepped.error_ns};
  report.is_measured = facts.emulated.measured && facts.stepped.measured;
  return report;
}

}  // namespace gomapd::app
