// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/host_facts.h"

#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "daemon/kernel/assign_probes.h"
#include "daemon/kernel/attach.h"
#include "probes/code/architecture.h"
#include "probes/plan/plan.h"

namespace gomapd::kernel {
namespace {

std::optional<int> number_in(const char* path) {
  std::ifstream file(path);
  int value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

// "none [integrity] confidentiality": the one in brackets.
std::string lockdown_mode() {
  std::ifstream file("/sys/kernel/security/lockdown");
  for (std::string word; file >> word;)
    if (word.size() > 2 && word.front() == '[') return word.substr(1, word.size() - 2);
  return {};
}

// proc(5): hidepid=1, 2 or by name; 0 or "off" hides nothing.
bool proc_hides_processes() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string where;
    std::string type;
    std::string options;
    fields >> device >> where >> type >> options;
    if (where != "/proc" || type != "proc") continue;
    const auto at = options.find("hidepid=");
    if (at == std::string::npos) return false;
    const auto value = options.substr(at + 8, options.find(',', at) - at - 8);
    return value != "0" && value != "off";
  }
  return false;
}

void measure(HostFacts& facts) {
  facts.emulated = facts.stepped = kAssumedHitCost;
  auto probes = AssignProbes::load({.force_perf_uprobes = false, .row_entries = 64});
  if (!probes) {
    facts.not_measured_why = probes.error().context;
    return;
  }
  facts.emulated = probes->measure_hit_cost(Execution::kEmulated);
  facts.stepped = probes->measure_hit_cost(Execution::kStepped);
  if (!facts.emulated.measured || !facts.stepped.measured)
    facts.not_measured_why = "probes in our own process were not hit as they should be";
}

}  // namespace

HostFacts find_host_facts() {
  prepare_libbpf();
  HostFacts facts;
  utsname name{};
  if (uname(&name) == 0) facts.release = name.release;
  facts.version = running_kernel();
  facts.architecture = code::architecture_of(kOwnMachine)->name;
  facts.sys_admin = has_capability(CAP_SYS_ADMIN);
  facts.bpf = has_capability(kCapBpf);
  facts.perfmon = has_capability(kCapPerfmon);
  facts.sys_ptrace = has_capability(CAP_SYS_PTRACE);
  facts.dac_read_search = has_capability(CAP_DAC_READ_SEARCH) || has_capability(CAP_DAC_OVERRIDE);
  facts.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  facts.uprobe_multi = has_uprobe_multi();
  facts.perf_uprobes = access("/sys/bus/event_source/devices/uprobe/type", F_OK) == 0;
  facts.ring_buffer = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1;
  facts.cookies = has_cookies();
  facts.jit = number_in("/proc/sys/net/core/bpf_jit_enable");
  facts.perf_event_paranoid = number_in("/proc/sys/kernel/perf_event_paranoid");
  facts.ptrace_scope = number_in("/proc/sys/kernel/yama/ptrace_scope");
  facts.lockdown = lockdown_mode();
  facts.own_pid_namespace = own_pid_namespace().has_value();
  facts.hides_processes = proc_hides_processes();
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) facts.open_files = files.rlim_max;
  measure(facts);
  return facts;
}

}  // namespace gomapd::kernel
