// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/self.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <system_error>

#include "daemon/proc/process_list.h"

namespace gomapd::proc {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void read_memory_use(SelfUse& use) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             std::fclose);
  unsigned long pages = 0;
  unsigned long resident = 0;
  if (!file || std::fscanf(file.get(), "%lu %lu", &pages, &resident) != 2) return;
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  use.virtual_bytes = static_cast<double>(pages) * page;
  use.resident_bytes = static_cast<double>(resident) * page;
}

double count_open_files() {
  std::error_code failed;
  std::filesystem::directory_iterator entry("/proc/self/fd", failed);
  double count = -1;  // the one that counts
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed))
    ++count;
  return count < 0 ? 0 : count;
}

}  // namespace

SelfUse use_of_self() {
  SelfUse use;
  use.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  read_memory_use(use);
  use.open_fds = count_open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) use.max_fds = static_cast<double>(limit.rlim_cur);
  if (const auto ticks = start_ticks_of(getpid())) {
    const auto boot = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
    use.start_time_seconds =
        boot + static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return use;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace gomapd::proc
