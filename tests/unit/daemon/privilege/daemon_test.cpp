// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/privilege/daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "daemon/privilege/sanitizer.h"

namespace gomapd::privilege {
namespace {

// The number of the first of `checks` that does not hold in a process of its own that has
// become a daemon; 0: all do, -1: it did not end by itself.
template <typename Check>
int first_failure(const Check& check) {
  const auto pid = fork();
  if (pid == 0) {
    if (!become_daemon({})) _exit(99);
    _exit(check());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_refused(long result) {
  return result == -1 && errno == EPERM;
}

TEST(Daemon, CanNotDoWhatItHasNoBusinessWith) {
  if (kUnderSanitizer) GTEST_SKIP() << "sanitizers make system calls of their own";
  EXPECT_EQ(first_failure([] {
              const char* const none[] = {nullptr};
              auto* const arguments = const_cast<char* const*>(none);
              if (!is_refused(execve("/bin/true", arguments, arguments))) return 1;
              if (!is_refused(fork())) return 2;
              if (!is_refused(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr))) return 3;
              if (!is_refused(mount("none", "/tmp", "tmpfs", 0, nullptr))) return 4;
              if (!is_refused(syscall(SYS_init_module, nullptr, 0, ""))) return 5;
              if (!is_refused(setuid(12345))) return 6;
              if (!is_refused(syscall(SYS_unshare, 0))) return 7;
              if (!is_refused(unlink("/tmp/there-is-no-such-file"))) return 8;
              if (!is_refused(syscall(SYS_keyctl, 0, 0, 0, 0, 0))) return 9;
              if (!is_refused(syscall(SYS_process_vm_writev, getpid(), nullptr, 0, nullptr, 0, 0)))
                return 10;
              if (mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
                return 11;
              return 0;
            }),
            0);
}

TEST(Daemon, DoesItsWork) {
  EXPECT_EQ(first_failure([] {
              bool ran = false;
              std::thread([&] { ran = true; }).join();
              if (!ran) return 1;
              if (open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0) return 2;
              if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0) return 3;
              if (std::vector<char>(64U << 20U).empty()) return 4;
              if (kill(getpid(), 0) != 0) return 5;
              return 0;
            }),
            0);
}

TEST(Daemon, KeepsNoOtherCapability) {
  EXPECT_EQ(first_failure([] {
              const auto kept = capabilities_of({});
              __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
              __user_cap_data_struct sets[2]{};
              if (syscall(SYS_capget, &header, sets) != 0) return 1;
              for (int one = 0; one < 64; ++one) {
                const auto& set = sets[one / 32];
                const auto bit = 1U << (one % 32);
                const bool is_kept = std::ranges::find(kept, one) != kept.end();
                if (!is_kept && ((set.permitted | set.effective) & bit) != 0) return 2;
                if ((set.inheritable & bit) != 0) return 3;
              }
              return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
            }),
            0);
}

TEST(Daemon, KeepsMoreOnlyWhereItIsNeeded) {
  const auto has = [](const DaemonNeeds& needs, int capability) {
    const auto kept = capabilities_of(needs);
    return std::ranges::find(kept, capability) != kept.end();
  };
  EXPECT_FALSE(has({}, CAP_SYS_ADMIN));
  EXPECT_TRUE(has({.old_attach = true}, CAP_SYS_ADMIN));
  EXPECT_FALSE(has({}, CAP_NET_BIND_SERVICE));
  EXPECT_TRUE(has({.binds_low_port = true}, CAP_NET_BIND_SERVICE));
}

}  // namespace
}  // namespace gomapd::privilege
