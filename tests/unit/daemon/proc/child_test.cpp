// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>

#include "daemon/proc/process.h"
#include "daemon/proc/spawn.h"
#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::proc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Child prepare_shell(const std::string& script, Output output = Output::kInherit) {
  return Child::prepare("/bin/sh", {"sh", "-c", script}, output).value();
}

// The wait status of a child that ends by itself.
int wait_for(Child& child) {
  const auto pidfd = open_pidfd(child.pid()).value();
  pollfd poll_fd{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poll_fd, 1, 10'000), 1) << "still running";
  return child.poll_status().value_or(-1);
}

bool is_child(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Waits until `path` exists; false after ten seconds.
bool appears(const std::string& path) {
  for (int i = 0; i < 1000; ++i) {
    if (access(path.c_str(), F_OK) == 0) return true;
    usleep(10'000);
  }
  return false;
}

// Puts `fd` where `number` was, for as long as it lives.
class Redirected {
 public:
  Redirected(int number, const std::string& path)
      : number_(number), old_(fcntl(number, F_DUPFD_CLOEXEC, 10)) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    dup2(file.get(), number);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() { dup2(old_.get(), number_); }

 private:
  int number_;
  Fd old_;
};

TEST(Child, WaitsBeforeItsFirstInstruction) {
  const test::TemporaryFolder folder;
  auto child = prepare_shell("echo ran > " + folder.at("out"));
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child.pid()) + "/exe"),
            std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_EQ(child.poll_status(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(folder.at("out")));
  ASSERT_TRUE(child.start());
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(content(folder.at("out")), "ran\n");
}

TEST(Child, HasRunItsExecveWhenStartReturns) {
  auto child = Child::prepare("/bin/sleep", {"sleep", "60"}, Output::kInherit).value();
  ASSERT_TRUE(child.start());
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child.pid()) + "/exe"),
            std::filesystem::canonical("/bin/sleep"));
  child.terminate(seconds(5));
}

TEST(Child, TellsItsWaitStatus) {
  auto child = prepare_shell("exit 7");
  ASSERT_TRUE(child.start());
  const int status = wait_for(child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(child.poll_status(), status);
}

TEST(Child, PassesItsArgumentsOn) {
  const test::TemporaryFolder folder;
  auto child = Child::prepare("/bin/sh",
                              {"name", "-c", "printf '%s|' \"$0\" \"$@\" > " + folder.at("out"),
                               "a b", "", "$HOME"},
                              Output::kInherit)
                   .value();
  ASSERT_TRUE(child.start());
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_EQ(content(folder.at("out")), "a b||$HOME|");
}

TEST(Child, SaysWhyItCouldNotStart) {
  const test::TemporaryFolder folder;
  for (const auto& path : {folder.file("text", "no program\n", true), folder.at("missing")}) {
    auto child = Child::prepare(path, {"tool"}, Output::kInherit).value();
    const auto started = child.start();
    ASSERT_FALSE(started) << path;
    EXPECT_EQ(started.error().code, Errc::kNotFound);
    EXPECT_TRUE(started.error().context.starts_with("execve: ")) << started.error().context;
    EXPECT_FALSE(is_child(child.pid())) << "a zombie";
    EXPECT_TRUE(child.poll_status());
  }
}

TEST(Child, SaysThatItWasEndedBeforeItsStart) {
  const auto old = signal(SIGPIPE, SIG_IGN);  // as the event loop has it
  auto child = prepare_shell("exit 0");
  kill(child.pid(), SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);
  const auto started = child.start();
  signal(SIGPIPE, old);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kGone);
}

TEST(Child, LeavesNothingWhenItDiesBeforeItsStart) {
  const test::TemporaryFolder folder;
  pid_t pid = -1;
  {
    const auto child = prepare_shell("echo ran > " + folder.at("out"));
    pid = child.pid();
  }
  EXPECT_FALSE(is_child(pid));
  EXPECT_FALSE(std::filesystem::exists(folder.at("out")));
}

TEST(Child, LeavesNothingOfTheOldOneOnMoveAssignment) {
  auto child = prepare_shell("exit 1");
  const pid_t old = child.pid();
  child = prepare_shell("exit 2");
  EXPECT_FALSE(is_child(old));
  ASSERT_TRUE(child.start());
  EXPECT_EQ(WEXITSTATUS(wait_for(child)), 2);
}

TEST(Child, RunsOnWhenItsHandleDies) {
  pid_t pid = -1;
  {
    auto child = Child::prepare("/bin/sleep", {"sleep", "60"}, Output::kInherit).value();
    pid = child.pid();
    ASSERT_TRUE(child.start());
  }
  EXPECT_EQ(kill(pid, 0), 0);
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), 0);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST(Child, EndsOnSigterm) {
  auto child = Child::prepare("/bin/sleep", {"sleep", "60"}, Output::kInherit).value();
  ASSERT_TRUE(child.start());
  child.terminate(seconds(10));
  const int status = child.poll_status().value();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(Child, EndsBySigkillWhenItIgnoresSigterm) {
  const test::TemporaryFolder folder;
  auto child = prepare_shell("trap '' TERM; : > " + folder.at("ready") + "; exec sleep 60");
  ASSERT_TRUE(child.start());
  ASSERT_TRUE(appears(folder.at("ready")));
  child.terminate(milliseconds(50));
  const int status = child.poll_status().value();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(Child, IsNotKilledOnceItHasEnded) {
  auto child = prepare_shell("exit 3");
  ASSERT_TRUE(child.start());
  (void)wait_for(child);
  child.terminate(milliseconds(0));
  EXPECT_EQ(WEXITSTATUS(child.poll_status().value()), 3);
}

TEST(Child, StartsWithoutOurSignalMaskAndDispositions) {
  const test::TemporaryFolder folder;
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  const auto old_pipe = signal(SIGPIPE, SIG_IGN);
  auto child = prepare_shell("grep -E 'SigBlk|SigIgn' /proc/self/status > " + folder.at("out"));
  const auto started = child.start();
  signal(SIGPIPE, old_pipe);
  sigprocmask(SIG_SETMASK, &old, nullptr);
  ASSERT_TRUE(started);
  EXPECT_EQ(wait_for(child), 0);
  const auto status = content(folder.at("out"));
  EXPECT_NE(status.find("SigBlk:\t0000000000000000"), std::string::npos) << status;
  const auto ignored = std::stoull(status.substr(status.find("SigIgn:\t") + 8), nullptr, 16);
  EXPECT_EQ(ignored & (1ULL << (SIGPIPE - 1)), 0U) << status;
}

TEST(Child, WritesWhereItIsTold) {
  const test::TemporaryFolder folder;
  {
    const Redirected standard_output(STDOUT_FILENO, folder.at("out"));
    const Redirected standard_error(STDERR_FILENO, folder.at("err"));
    for (const auto output : {Output::kInherit, Output::kToStandardError}) {
      auto child = prepare_shell("echo to output; echo to error >&2", output);
      ASSERT_TRUE(child.start());
      EXPECT_EQ(wait_for(child), 0);
    }
  }
  EXPECT_EQ(content(folder.at("out")), "to output\n");
  EXPECT_EQ(content(folder.at("err")), "to error\nto output\nto error\n");
}

TEST(Child, InheritsNoDescriptorOfOurs) {
  const test::TemporaryFolder folder;
  auto child = prepare_shell("ls /proc/self/fd > " + folder.at("out"));
  const auto other = prepare_shell("exit 0");  // holds pipes of its own
  ASSERT_TRUE(child.start());
  EXPECT_EQ(wait_for(child), 0);
  std::istringstream numbers(content(folder.at("out")));
  for (int number = 0; numbers >> number;) {
    const int flags = fcntl(number, F_GETFD);
    EXPECT_TRUE(flags < 0 || (flags & FD_CLOEXEC) == 0) << number;
  }
}

}  // namespace
}  // namespace gomapd::proc
