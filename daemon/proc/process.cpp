// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/process.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace gomapd::proc {
namespace {

std::unexpected<Error> no_such_process(pid_t pid) {
  return fail(Errc::kGone, fmt::format("there is no process {}: see `pgrep -l NAME`", pid));
}

}  // namespace

Result<std::string> executable_path(pid_t pid) {
  std::array<char, PATH_MAX> target{};
  const auto link = fmt::format("/proc/{}/exe", pid);
  const auto length = readlink(link.c_str(), target.data(), target.size());
  if (length < 0) {
    if (errno == EACCES || errno == EPERM)
      return fail(Errc::kPermission,
                  fmt::format("process {}: not permitted to see its executable: run as root", pid));
    // A kernel thread has a /proc entry, but no executable.
    if (errno == ENOENT && access(fmt::format("/proc/{}/stat", pid).c_str(), F_OK) == 0)
      return fail(Errc::kNotGo, fmt::format("process {} has no executable (a kernel thread, or one "
                                            "that is just ending)",
                                            pid));
    return no_such_process(pid);
  }
  std::string exe(target.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kDeleted = " (deleted)";
  if (exe.ends_with(kDeleted)) exe.resize(exe.size() - kDeleted.size());
  return exe;
}

Result<Fd> open_pidfd(pid_t pid) {
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd) return pidfd;
  if (errno == EINVAL || errno == ESRCH || errno == ENOENT) return no_such_process(pid);
  return fail(Errc::kSystem, fmt::format("process {}: pidfd_open: {}", pid, errno_text(errno)));
}

Result<Process> Process::open(pid_t pid) {
  auto pidfd = TRY(open_pidfd(pid));
  auto exe = executable_path(pid);
  auto file = File::open(fmt::format("/proc/{}/exe", pid));
  // Only now is it certain that path and file are those of the process held.
  if (has_exited(pidfd)) return no_such_process(pid);
  if (!exe) return std::unexpected(std::move(exe).error());
  if (!file) return add_context(fmt::format("process {}", pid), std::move(file).error());
  return Process{pid, std::move(pidfd), *std::move(exe), *std::move(file)};
}

bool has_exited(const Fd& pidfd) {
  pollfd poll_fd{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) > 0;
}

}  // namespace gomapd::proc
