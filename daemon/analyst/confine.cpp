// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/confine.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "daemon/privilege/capabilities.h"
#include "daemon/privilege/sanitizer.h"
#include "daemon/proc/file.h"
#include "daemon/proc/small_file.h"

namespace gomapd::analyst {
namespace {

using privilege::kUnderSanitizer;

std::unexpected<Error> refused(const char* what, int error) {
  return fail(Errc::kSystem, fmt::format("shutting a reader in: {}: {}", what, errno_text(error)));
}

Result<void> limit(__rlimit_resource which, const char* name, rlim_t soft, rlim_t hard) {
  rlimit now{};
  if (getrlimit(which, &now) != 0) return refused(name, errno);
  // One that is stricter already stays.
  const rlimit wanted{.rlim_cur = std::min(soft, now.rlim_max),
                      .rlim_max = std::min(hard, now.rlim_max)};
  if (setrlimit(which, &wanted) != 0) return refused(name, errno);
  return {};
}

// Bytes of address space in use: the first word of statm, in pages.
std::uint64_t mapped_bytes() {
  const auto text = proc::read_small_file("/proc/self/statm", 256);
  std::uint64_t pages = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pages);
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void go_first_when_memory_is_out() {
  const proc::Fd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) (void)!write(file.get(), "1000", 4);
}

struct Released {
  void operator()(void* filter) const { seccomp_release(filter); }
};

}  // namespace

Result<void> give_up_privileges() {
  TRY_VOID(privilege::keep_only({}));
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("dumpable", errno);
  return {};
}

Result<void> limit_resources(const Limits& limits) {
  go_first_when_memory_is_out();
  const auto memory = mapped_bytes() + limits.memory_bytes;
  if (!kUnderSanitizer) TRY_VOID(limit(RLIMIT_AS, "RLIMIT_AS", memory, memory));
  TRY_VOID(limit(RLIMIT_CPU, "RLIMIT_CPU", limits.cpu_seconds, limits.cpu_seconds + 1));
  TRY_VOID(limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0, 0));
  TRY_VOID(limit(RLIMIT_CORE, "RLIMIT_CORE", 0, 0));
  TRY_VOID(limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", 0, 0));
  return {};
}

Result<void> allow_conversation_only(int conversation) {
  const std::unique_ptr<void, Released> filter(
      seccomp_init(kUnderSanitizer ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS));
  if (!filter) return refused("seccomp_init", ENOMEM);
  int error = 0;
  const auto allow = [&](int call, auto... arguments) {
    if (error == 0 && !kUnderSanitizer)
      error =
          seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, sizeof...(arguments), arguments...);
  };
  const auto fd = static_cast<scmp_datum_t>(conversation);
  allow(SCMP_SYS(read), scmp_arg_cmp{0, SCMP_CMP_EQ, fd, 0});
  allow(SCMP_SYS(write), scmp_arg_cmp{0, SCMP_CMP_EQ, fd, 0});
  allow(SCMP_SYS(mmap), scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
        scmp_arg_cmp{3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS});
  allow(SCMP_SYS(munmap));
  allow(SCMP_SYS(mremap));
  allow(SCMP_SYS(madvise));
  allow(SCMP_SYS(brk));
  allow(SCMP_SYS(futex));  // the unwinder, where memory is out
  allow(SCMP_SYS(exit_group));
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return refused("seccomp", -error);
  return {};
}

}  // namespace gomapd::analyst
