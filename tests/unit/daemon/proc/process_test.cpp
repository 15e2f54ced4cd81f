// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/process.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <latch>
#include <thread>

#include "daemon/proc/spawn.h"
#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::proc {
namespace {

// A child that has ended and that nobody has waited for.
pid_t make_zombie() {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  return pid;
}

void wait_for_end(const Fd& pidfd) {
  pollfd poll_fd{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&poll_fd, 1, 10'000), 1);
}

TEST(Process, OpensItself) {
  const auto process = Process::open(getpid());
  ASSERT_TRUE(process) << process.error().context;
  EXPECT_EQ(process->pid, getpid());
  EXPECT_EQ(process->exe, std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_GT(process->file.size(), 0U);
  EXPECT_FALSE(has_exited(process->pidfd));
}

TEST(Process, OpensOneWhoseFileIsGone) {
  const test::TemporaryFolder folder;
  const auto path = folder.at("sleeper");
  std::filesystem::copy_file("/bin/sleep", path);
  auto child = Child::prepare(path, {"sleeper", "60"}, Output::kInherit).value();
  ASSERT_TRUE(child.start());
  ASSERT_EQ(unlink(path.c_str()), 0);
  const auto process = Process::open(child.pid());
  ASSERT_TRUE(process) << process.error().context;
  EXPECT_EQ(process->exe, path);
  EXPECT_EQ(process->file.size(), std::filesystem::file_size("/bin/sleep"));
  EXPECT_FALSE(has_exited(process->pidfd));
  child.terminate(std::chrono::seconds(5));
  EXPECT_TRUE(has_exited(process->pidfd));
}

TEST(Process, IsGoneWhereThereIsNone) {
  for (const pid_t pid : {0x7fffffff, 0, -1}) {
    const auto process = Process::open(pid);
    ASSERT_FALSE(process) << pid;
    EXPECT_EQ(process.error().code, Errc::kGone) << process.error().context;
    EXPECT_TRUE(process.error().context.starts_with(fmt::format("there is no process {}", pid)));
  }
}

TEST(Process, IsGoneWhenNobodyHasWaitedForItYet) {
  const pid_t pid = make_zombie();
  const auto process = Process::open(pid);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, Errc::kGone) << process.error().context;
  waitpid(pid, nullptr, 0);
}

TEST(Process, IsNotAThread) {
  std::latch started(1);
  std::latch done(1);
  pid_t thread_id = 0;
  std::thread thread([&] {
    thread_id = static_cast<pid_t>(syscall(SYS_gettid));
    started.count_down();
    done.wait();
  });
  started.wait();
  const auto process = Process::open(thread_id);
  done.count_down();
  thread.join();
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, Errc::kGone) << process.error().context;
}

TEST(Process, IsNoGoProgramWhenTheKernelsOwn) {
  const auto name = std::filesystem::path("/proc/2/comm");
  std::string comm;
  std::ifstream(name) >> comm;
  if (comm != "kthreadd") GTEST_SKIP() << "no kernel threads in sight: run outside of a container";
  if (geteuid() != 0) GTEST_SKIP() << "may not ask for a kernel thread's executable: run as root";
  const auto process = Process::open(2);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, Errc::kNotGo) << process.error().context;
}

TEST(Pidfd, TellsWhenItsProcessHasEnded) {
  auto child = Child::prepare("/bin/true", {"true"}, Output::kInherit).value();
  const auto pidfd = open_pidfd(child.pid());
  ASSERT_TRUE(pidfd) << pidfd.error().context;
  EXPECT_FALSE(has_exited(*pidfd));
  ASSERT_TRUE(child.start());
  wait_for_end(*pidfd);
  EXPECT_TRUE(has_exited(*pidfd));
  EXPECT_TRUE(child.poll_status());
  EXPECT_TRUE(has_exited(*pidfd));  // and once it was waited for
}

}  // namespace
}  // namespace gomapd::proc
