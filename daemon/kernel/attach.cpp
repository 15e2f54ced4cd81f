// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/attach.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <numeric>
#include <string_view>
#include <system_error>
#include <thread>

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
                          const Places& places, std::vector<BpfLink>& links) {
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
                               const Places& places, std::vector<BpfLink>& links) {
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

}  // namespace

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
                    const Places& places, std::vector<BpfLink>& links) {
  return by == AttachBy::kUprobeMulti ? attach_multi(program, path, pid, places, links)
                                      : attach_one_by_one(program, path, pid, places, links);
}

Result<std::uint64_t> read_stat(const bpf_map* table, gm_stat which) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus));
  const __u32 index = which;
  const int error = bpf_map__lookup_elem(table, &index, sizeof(index), values.data(),
                                         values.size() * sizeof(values[0]), 0);
  if (error != 0) return system_error("reading the statistics", -error);
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

Result<Stats> read_stats(const bpf_map* table) {
  Stats stats{};
  for (std::size_t i = 0; i < stats.size(); ++i)
    stats.at(i) = TRY(read_stat(table, static_cast<gm_stat>(i)));
  return stats;
}

void take_out(std::vector<BpfLink> links) {
  constexpr std::size_t kAtOnce = 8;
  std::atomic<std::size_t> next = 0;
  const auto take_some = [&] {
    for (auto i = next++; i < links.size(); i = next++) links[i].reset();
  };
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < std::min(kAtOnce, links.size())) helpers.emplace_back(take_some);
  } catch (const std::system_error&) {
    // No thread is to be had: it takes longer.
  }
  take_some();
}

}  // namespace gomapd::kernel
