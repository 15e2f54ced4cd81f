// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace gomapd::kernel {
namespace {

// Newer than linux/bpf.h of Debian 12 (6.6).
constexpr auto kTraceUprobeMulti = static_cast<bpf_attach_type>(48);

// A uprobe_multi link of a program that is not there: a kernel that knows the
// attach type complains of the program (EBADF), an older one of the type.
// linux kernel/bpf/syscall.c: link_create
bool try_uprobe_multi() {
  // r0 = 0; exit
  const std::array<bpf_insn, 2> body{
      bpf_insn{.code = 0xb7, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      bpf_insn{.code = 0x95, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = kTraceUprobeMulti);
  const int program =
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "gm_probe_multi", "GPL", body.data(), body.size(), &load);
  if (program < 0) return false;
  LIBBPF_OPTS(bpf_link_create_opts, create);
  const unsigned long offset = 0;
  create.uprobe_multi.path = "/";  // no regular file: EBADF where the type is known
  create.uprobe_multi.offsets = &offset;
  create.uprobe_multi.cnt = 1;
  const int link = bpf_link_create(program, -1, kTraceUprobeMulti, &create);
  const int error = -link;
  if (link >= 0) close(link);
  close(program);
  return link >= 0 || error == EBADF;
}

}  // namespace

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data.at(capability / 32).effective & (1U << (capability % 32))) != 0;
}

KernelVersion running_kernel() {
  utsname name{};
  KernelVersion version;
  if (uname(&name) == 0) std::sscanf(name.release, "%d.%d", &version.major, &version.minor);
  return version;
}

Result<void> check_prerequisites() {
  constexpr unsigned kCapSysAdmin = CAP_SYS_ADMIN;
  const bool may_load =
      has_capability(kCapSysAdmin) || (has_capability(kCapBpf) && has_capability(kCapPerfmon));
  if (!may_load)
    return fail(
        Errc::kPermission,
        "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON: run it with sudo");
  if (running_kernel() < kOldestTraced)
    return fail(Errc::kNoKernelFeature, "the kernel is too old: tracing needs Linux 5.8 or later");
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    return fail(
        Errc::kNoKernelFeature,
        "the kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF=y");
  if (access("/sys/bus/event_source/devices/uprobe/type", R_OK) != 0 && !has_uprobe_multi())
    return fail(Errc::kNoKernelFeature,
                "the kernel has no uprobes: it needs CONFIG_UPROBE_EVENTS=y");
  return {};
}

bool has_uprobe_multi() {
  static const bool has = try_uprobe_multi();
  return has;
}

bool has_cookies() {
  static const bool has =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, nullptr) == 1;
  return has;
}

std::string libbpf_version() {
  return fmt::format("{}.{}", libbpf_major_version(), libbpf_minor_version());
}

}  // namespace gomapd::kernel
