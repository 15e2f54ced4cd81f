// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/spawn.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace gomapd::proc {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Errc::kSystem, fmt::format("pipe: {}", errno_text(errno)));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// In the child, between fork and execve: async-signal-safe calls only.
[[noreturn]] void run_child(const char* executable, char* const* arguments, int go, int failure,
                            Output output) {
  char byte = 0;
  ssize_t count = 0;
  do count = read(go, &byte, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1) _exit(127);  // gomapd has gone or given up
  // gomapd takes its signals by signalfd; the command shall have its own.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (output == Output::kToStandardError) dup2(STDERR_FILENO, STDOUT_FILENO);
  execve(executable, arguments, environ);
  const int error = errno;
  (void)!write(failure, &error, sizeof(error));
  _exit(127);
}

}  // namespace

Result<Child> Child::prepare(std::string executable, std::vector<std::string> arguments,
                             Output output) {
  auto go = TRY(make_pipe());
  auto failure = TRY(make_pipe());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) return fail(Errc::kSystem, fmt::format("fork: {}", errno_text(errno)));
  if (pid == 0) {
    go.write.reset();  // so that its read ends when gomapd does
    run_child(executable.c_str(), argv.data(), go.read.get(), failure.write.get(), output);
  }
  Child child;
  child.pid_ = pid;
  child.go_ = std::move(go.write);
  child.failure_ = std::move(failure.read);
  return child;
}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(go_, other.go_);
  std::swap(failure_, other.failure_);
  std::swap(status_, other.status_);
  return *this;
}

Child::~Child() {
  go_.reset();
  if (failure_ && pid_ > 0 && !status_) {  // never started
    // Another child that waits may hold a copy of our end of its pipe.
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
  }
}

Result<void> Child::start() {
  const char byte = 1;
  if (write(go_.get(), &byte, 1) != 1)
    return fail(Errc::kGone, "the command was ended before it started");
  go_.reset();
  int error = 0;
  ssize_t count = 0;
  do count = read(failure_.get(), &error, sizeof(error));
  while (count < 0 && errno == EINTR);
  failure_.reset();
  if (count == 0) return {};
  int status = 0;  // it ends at once
  if (waitpid(pid_, &status, 0) == pid_) status_ = status;
  return fail(Errc::kNotFound, fmt::format("execve: {}", errno_text(error)));
}

std::optional<int> Child::poll_status() {
  if (status_) return status_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

void Child::terminate(std::chrono::milliseconds grace) {
  if (poll_status()) return;
  kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (!poll_status() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (poll_status()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) status_ = status;
}

}  // namespace gomapd::proc
