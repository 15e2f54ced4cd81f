// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/attach.h"

#include <bpf/bpf.h>
#include <fmt/core.h>
#include <linux/perf_event.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <span>
#include <string_view>
#include <system_error>
#include <thread>

#include "bpf/interface.h"
#include "daemon/kernel/features.h"

namespace gomapd::kernel {
namespace {

// What libbpf says, the verifier's log above all, is for --verbose.
int log_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG || !spdlog::should_log(spdlog::level::debug)) return 0;
  std::vector<char> text(1U << 20U);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  std::string_view line(text.data());
  while (line.ends_with('\n')) line.remove_suffix(1);
  spdlog::debug("{}", line);
  return 0;
}

// Kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK.
void raise_memlock_limit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

Result<void> attach_multi(bpf_program* program, const std::string& path, pid_t pid,
                          const Places& places, std::vector<ProbeLink>& links) {
  LIBBPF_OPTS(bpf_uprobe_multi_opts, options);
  options.offsets = places.offsets.data();
  options.cookies = places.cookies.data();
  options.cnt = places.offsets.size();
  const pid_t filter = running_kernel() < kUprobeMultiPidFilterFixed ? -1 : pid;
  BpfLink link(bpf_program__attach_uprobe_multi(program, filter, path.c_str(), nullptr, &options));
  if (!link) return system_error("uprobe_multi attach", errno);
  links.push_back(std::move(link));
  return {};
}

Result<void> attach_one_by_one(bpf_program* program, const std::string& path, pid_t pid,
                               const Places& places, std::vector<ProbeLink>& links) {
  for (std::size_t i = 0; i < places.offsets.size(); ++i) {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = places.cookies[i]);
    BpfLink link(
        bpf_program__attach_uprobe_opts(program, pid, path.c_str(), places.offsets[i], &options));
    if (!link)
      return system_error(fmt::format("perf uprobe attach at {:#x}", places.offsets[i]), errno);
    links.push_back(std::move(link));
  }
  return {};
}

// A copy of `program`, as libbpf loaded it, that knows its site by itself.
Result<Handle> load_copy(const bpf_program* program, __u64 site) {
  constexpr __u8 kLoadImmediate64 = 0x18;  // BPF_LD | BPF_DW | BPF_IMM: two instructions
  const std::span original(bpf_program__insns(program), bpf_program__insn_cnt(program));
  std::vector<bpf_insn> body(original.begin(), original.end());
  bool is_patched = false;
  for (std::size_t i = 0; i + 1 < body.size(); ++i) {
    if (body[i].code != kLoadImmediate64) continue;
    if (body[i].src_reg == 0 && body[i].imm == GM_SITE_OF_COPY && body[i + 1].imm == 0) {
      body[i].imm = static_cast<__s32>(site);
      is_patched = true;
    }
    ++i;
  }
  if (!is_patched) return fail(Errc::kSystem, "a BPF program has no place for its site");
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  const int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, bpf_program__name(program), "Dual BSD/GPL",
                               body.data(), body.size(), &options);
  if (fd < 0) return system_error("loading a copy of a BPF program", -fd);
  return Handle(fd);
}

// perf_event_open(2): "uprobe" dynamic PMU.
Result<Handle> open_uprobe_event(const std::string& path, unsigned long offset, pid_t pid) {
  std::ifstream file("/sys/bus/event_source/devices/uprobe/type");
  perf_event_attr attributes{};
  if (!(file >> attributes.type))
    return fail(Errc::kNoKernelFeature,
                "the kernel has no uprobes: it needs CONFIG_UPROBE_EVENTS=y");
  attributes.size = sizeof(attributes);
  attributes.uprobe_path = reinterpret_cast<std::uintptr_t>(path.c_str());
  attributes.probe_offset = offset;
  const long fd =
      syscall(SYS_perf_event_open, &attributes, pid, pid < 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return system_error(fmt::format("perf uprobe attach at {:#x}", offset), errno);
  return Handle(static_cast<int>(fd));
}

Result<void> attach_copies(const bpf_program* program, const std::string& path, pid_t pid,
                           const Places& places, std::vector<ProbeLink>& links) {
  for (std::size_t i = 0; i < places.offsets.size(); ++i) {
    const auto copy = TRY(load_copy(program, places.cookies[i]));
    auto event = TRY(open_uprobe_event(path, places.offsets[i], pid));
    // The event keeps the program.
    if (ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, copy.get()) != 0 ||
        ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0)
      return system_error(fmt::format("perf uprobe attach at {:#x}", places.offsets[i]), errno);
    links.emplace_back(std::move(event));
  }
  return {};
}

}  // namespace

AttachBy how_to_attach(bool force_perf_uprobes) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  if (!has_cookies() || getenv("GOMAPD_NO_COOKIES") != nullptr) return AttachBy::kCopies;
  return force_perf_uprobes || !has_uprobe_multi() ? AttachBy::kPerfEvent : AttachBy::kUprobeMulti;
}

std::unexpected<Error> system_error(const std::string& what, int error) {
  const Errc code = error == EPERM || error == EACCES ? Errc::kPermission : Errc::kSystem;
  return fail(code, fmt::format("{}: {}", what, errno_text(error)));
}

void prepare_libbpf() {
  libbpf_set_print(log_libbpf);
  raise_memlock_limit();
}

// In a container, PIDs are those of its own namespace.
std::optional<PidNamespace> own_pid_namespace() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // linux include/linux/proc_ns.h
  struct stat info{};
  if (stat("/proc/self/ns/pid", &info) != 0 || info.st_ino == kInitialPidNamespace)
    return std::nullopt;
  return PidNamespace{.device = info.st_dev, .inode = info.st_ino};
}

void set_attach_type(bpf_object& object, AttachBy by) {
  if (by == AttachBy::kUprobeMulti) return;  // as SEC() has it
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, &object)
      bpf_program__set_expected_attach_type(program, bpf_attach_type{});
}

Result<void> attach(bpf_program* program, AttachBy by, const std::string& path, pid_t pid,
                    const Places& places, std::vector<ProbeLink>& links) {
  switch (by) {
    case AttachBy::kUprobeMulti: return attach_multi(program, path, pid, places, links);
    case AttachBy::kPerfEvent: return attach_one_by_one(program, path, pid, places, links);
    case AttachBy::kCopies: return attach_copies(program, path, pid, places, links);
  }
  return {};
}

// All at once: the daemon asks ten times a second. Linux before 5.13 (kernel/bpf/arraymap.c:
// percpu_array_map_ops) tells them one by one.
Result<Stats> read_stats(const bpf_map* table) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  const auto each = static_cast<std::size_t>(cpus);
  std::vector<std::uint64_t> values(GM_STAT_COUNT * each);
  std::array<__u32, GM_STAT_COUNT> keys{};
  __u32 last = 0;
  __u32 count = GM_STAT_COUNT;
  const int fd = bpf_map__fd(table);
  if (bpf_map_lookup_batch(fd, nullptr, &last, keys.data(), values.data(), &count, nullptr) != 0 ||
      count != GM_STAT_COUNT) {
    for (__u32 i = 0; i < GM_STAT_COUNT; ++i)
      if (bpf_map_lookup_elem(fd, &i, values.data() + i * each) != 0)
        return system_error("reading the statistics", errno);
  }
  Stats stats{};
  for (std::size_t i = 0; i < stats.size(); ++i) {
    const auto of_cpus = std::span(values).subspan(i * each, each);
    stats.at(i) = std::accumulate(of_cpus.begin(), of_cpus.end(), std::uint64_t{0});
  }
  return stats;
}

void take_out(std::vector<ProbeLink> links) {
  constexpr std::size_t kAtOnce = 8;
  std::atomic<std::size_t> next = 0;
  const auto take_some = [&] {
    for (auto i = next++; i < links.size(); i = next++) links[i] = BpfLink();
  };
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < std::min(kAtOnce, links.size())) helpers.emplace_back(take_some);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
    // No thread is to be had: it takes longer.
  }
  take_some();
}

}  // namespace gomapd::kernel
