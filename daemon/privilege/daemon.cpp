// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/privilege/daemon.h"

#include <fmt/core.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <memory>

#include "daemon/privilege/capabilities.h"
#include "daemon/privilege/sanitizer.h"

namespace gomapd::privilege {
namespace {

// All that a daemon of ours was seen to call, and what the libraries that it uses may call
// in its place, on these machines and on other releases of glibc.
constexpr auto kCalls = std::to_array<int>({
    // files, to read
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(fcntl),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(ioctl),
    SCMP_SYS(memfd_create),
    SCMP_SYS(fadvise64),
    // the log
    SCMP_SYS(write),
    SCMP_SYS(writev),
    // waiting
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(pipe2),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    // memory
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    // threads
    SCMP_SYS(futex),
    SCMP_SYS(futex_waitv),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(membarrier),
    SCMP_SYS(getcpu),
    SCMP_SYS(prctl),
    SCMP_SYS(arch_prctl),
    // signals, and the readers' ends
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(kill),
    SCMP_SYS(tgkill),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    // who and when
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(capget),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(time),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    // HTTP, systemd, the workshop, names of hosts
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(connect),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    // its trade
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(process_vm_readv),
});

struct Released {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Released>;

std::unexpected<Error> refused(int error) {
  return fail(Errc::kSystem, fmt::format("giving up privileges: seccomp: {}", errno_text(error)));
}

// Memory to run comes from files only, and is never writable: three of four.
int allow_memory(void* filter) {
  constexpr scmp_datum_t kBoth = PROT_WRITE | PROT_EXEC;
  constexpr std::array<scmp_datum_t, 3> kAllowed{0, PROT_WRITE, PROT_EXEC};
  for (const auto rights : kAllowed) {
    const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                       scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, kBoth, rights});
    if (error != 0) return error;
  }
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                          scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0});
}

int allow_threads(void* filter) {
  const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0);
  if (error != 0) return error;
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                          scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD});
}

// Of clone3 a filter can't see the flags; where there is none, glibc takes clone. A filter of
// its own, for this one happens all the time and is not to be logged.
int hide_clone3() {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return -ENOMEM;
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  return error != 0 ? error : seccomp_load(filter.get());
}

}  // namespace

std::vector<int> capabilities_of(const DaemonNeeds& needs) {
  // The last: a Go library whose file was replaced is opened as it is mapped.
  std::vector<int> needed{CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
                          CAP_CHECKPOINT_RESTORE};
  if (needs.old_attach) needed.push_back(CAP_SYS_ADMIN);
  if (needs.binds_low_port) needed.push_back(CAP_NET_BIND_SERVICE);
  return needed;
}

Result<void> allow_daemons_calls_only() {
  if (kUnderSanitizer) return {};
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return refused(ENOMEM);
  // Where the kernel can't, what is refused is not told, and there is one thread as yet.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, 1);
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  int error = hide_clone3();
  for (const int call : kCalls)
    if (error == 0) error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  if (error == 0) error = allow_memory(filter.get());
  if (error == 0) error = allow_threads(filter.get());
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return refused(-error);
  return {};
}

Result<void> become_daemon(const DaemonNeeds& needs) {
  TRY_VOID(keep_only(capabilities_of(needs)));
  return allow_daemons_calls_only();
}

}  // namespace gomapd::privilege
