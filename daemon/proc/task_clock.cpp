// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/task_clock.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "daemon/proc/threads.h"

namespace gomapd::proc {
namespace {

// Go programs have a few more than CPUs; beyond this opening takes milliseconds.
constexpr std::size_t kMostThreads = 256;

}  // namespace

std::optional<TaskClock> TaskClock::open(pid_t pid) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  const auto tids = thread_ids(pid);
  if (tids.empty() || tids.size() > kMostThreads) return std::nullopt;
  std::vector<Fd> threads;
  for (const auto tid : tids) {
    Fd fd(static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    if (fd) threads.push_back(std::move(fd));  // else it has ended meanwhile
  }
  if (threads.empty()) return std::nullopt;
  return TaskClock(std::move(threads));
}

std::uint64_t TaskClock::read_ns() const {
  std::uint64_t sum = 0;
  for (const auto& thread : threads_) {
    std::uint64_t value = 0;
    if (::read(thread.get(), &value, sizeof(value)) == sizeof(value)) sum += value;
  }
  return sum;
}

}  // namespace gomapd::proc
