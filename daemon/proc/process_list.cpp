// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/process_list.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "daemon/proc/small_file.h"

namespace gomapd::proc {
namespace {

constexpr std::size_t kMaxStat = 4096;
constexpr std::size_t kMaxStatus = 64U << 10U;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  return error == std::errc{} && end == last ? std::optional(value) : std::nullopt;
}

// Takes the first word off `text`.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const auto word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

// linux fs/proc/array.c: do_task_stat; proc_pid_stat(5).
std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) {
  constexpr int kFirstAfterName = 3;
  constexpr int kStartTime = 22;
  // The last parenthesis: numbers and one letter follow, so a name can't forge it.
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = kFirstAfterName; field < kStartTime; ++field) take_word(stat);
  const auto word = take_word(stat);
  // Without what follows it, the number may be cut short.
  return stat.empty() ? std::nullopt : parse_number<std::uint64_t>(word);
}

// linux kernel/time/time.c: nsec_to_clock_t
std::uint64_t ticks_of_boot_time(std::uint64_t boot_time_ns) {
  static const auto kTicks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return boot_time_ns / (1'000'000'000 / kTicks);
}

Result<std::uint64_t> start_ticks_of(pid_t pid) {
  const auto path = fmt::format("/proc/{}/stat", pid);
  const auto text = read_small_file(path, kMaxStat);
  if (!text && text.error().code == Errc::kNotFound)
    return fail(Errc::kGone, fmt::format("process {} has gone", pid));
  if (!text) return std::unexpected(text.error());
  const auto ticks = parse_start_ticks(*text);
  if (!ticks) return fail(Errc::kMalformed, fmt::format("{}: no start time in field 22", path));
  return *ticks;
}

Result<std::vector<ProcessId>> list_processes() {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir("/proc"));
  if (!folder)
    return fail(errno == EACCES ? Errc::kPermission : Errc::kSystem,
                fmt::format("/proc: {}", errno_text(errno)));
  std::vector<ProcessId> processes;
  for (errno = 0; const auto* entry = readdir(folder.get()); errno = 0) {
    const auto pid = parse_number<pid_t>(entry->d_name);
    if (!pid || *pid <= 0) continue;
    if (const auto ticks = start_ticks_of(*pid)) processes.push_back({*pid, *ticks});
  }
  if (errno != 0) return fail(Errc::kSystem, fmt::format("reading /proc: {}", errno_text(errno)));
  return processes;
}

// linux fs/proc/array.c: task_state
std::optional<std::vector<pid_t>> parse_ns_pids(std::string_view status) {
  constexpr std::string_view kLabel = "\nNSpid:";
  const auto at = status.find(kLabel);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + kLabel.size());
  status = status.substr(0, status.find('\n'));
  std::vector<pid_t> pids;
  for (auto word = take_word(status); !word.empty(); word = take_word(status)) {
    const auto pid = parse_number<pid_t>(word);
    if (!pid) return std::nullopt;
    pids.push_back(*pid);
  }
  return pids.empty() ? std::nullopt : std::optional(std::move(pids));
}

Result<PidView> own_pid_view() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // linux include/linux/proc_ns.h
  struct stat info{};
  const auto status = read_small_file("/proc/self/status", kMaxStatus);
  const auto pids = status ? parse_ns_pids(*status) : std::nullopt;
  if (!pids || stat("/proc/self/ns/pid", &info) != 0)
    return fail(Errc::kSystem,
                "/proc shows another PID namespace than ours, or is not mounted: mount the proc "
                "file system of the namespace that gomapd runs in");
  return PidView{.initial_namespace = info.st_ino == kInitialPidNamespace,
                 .proc_is_own = pids->size() == 1};
}

}  // namespace gomapd::proc
