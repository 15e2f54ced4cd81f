// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace gomapd::live {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(5);

[[noreturn]] void die(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A file in memory takes any amount of output without anybody reading it.
int open_capture() {
  const int fd = memfd_create("capture", MFD_CLOEXEC);
  if (fd < 0) die("memfd_create");
  return fd;
}

std::string read_capture(int fd) {
  std::string all;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t count = pread(fd, part.data(), part.size(), static_cast<off_t>(all.size()));
    if (count <= 0) return all;
    all.append(part.data(), static_cast<size_t>(count));
  }
}

// -1 with errno where there is none.
int open_terminal() {
  const int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -1;
  if (grantpt(fd) == 0 && unlockpt(fd) == 0) return fd;
  close(fd);
  return -1;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view entry = *variable;
    const auto name = entry.substr(0, entry.find('=') + 1);
    bool replaced = false;
    for (const auto& other : more) replaced = replaced || other.starts_with(name);
    if (!replaced) all.emplace_back(entry);
  }
  return all;
}

}  // namespace

std::string missing_for_terminals() {
  const int terminal = open_terminal();
  if (terminal >= 0) {
    close(terminal);
    return {};
  }
  return std::string("no pseudo-terminals (is /dev/pts mounted?): ") + std::strerror(errno);
}

Child::Child(const std::vector<std::string>& argv, const SpawnOptions& options) {
  auto arguments = argv;
  auto environment = environment_with(options.environment);
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);
  std::array<int, 2> input{};
  if (pipe2(input.data(), O_CLOEXEC) != 0) die("pipe2");
  std::string terminal_name;
  if (options.terminal == Terminal::kYes) {
    terminal_ = open_terminal();
    if (terminal_ < 0) die("posix_openpt");
    terminal_name = ptsname(terminal_);
  } else {
    output_ = open_capture();
    errors_ = open_capture();
  }

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) die("fork");
  if (pid_ == 0) {
    // Only async-signal-safe calls until execve.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    int out = output_;
    int err = errors_;
    if (terminal_ >= 0) out = err = open(terminal_name.c_str(), O_RDWR | O_NOCTTY);
    dup2(input[0], STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(126);
    execvpe(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  setpgid(pid_, pid_);
  close(input[0]);
  input_ = input[1];
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      terminal_(std::exchange(other.terminal_, -1)),
      from_terminal_(std::move(other.from_terminal_)),
      ended_(other.ended_),
      ending_(other.ending_) {}

Child::~Child() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    if (!ended_) waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {input_, output_, errors_, terminal_}) {
    if (fd >= 0) close(fd);
  }
}

void Child::reap() {
  if (terminal_ >= 0) drain_terminal();
  int status = 0;
  if (ended_ || waitpid(pid_, &status, WNOHANG) != pid_) return;
  ended_ = true;
  ending_.in_time = true;
  if (WIFEXITED(status)) ending_.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ending_.signal = WTERMSIG(status);
  if (terminal_ >= 0) drain_terminal();
}

void Child::drain_terminal() {
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t count = read(terminal_, part.data(), part.size());
    if (count <= 0) return;
    from_terminal_.append(part.data(), static_cast<size_t>(count));
  }
}

bool Child::running() {
  reap();
  return !ended_;
}

void Child::send_signal(int signal) const {
  if (!ended_) kill(pid_, signal);
}

void Child::feed(std::string_view bytes) const {
  // A reader that has gone is what some tests want; SIGPIPE is not.
  const auto previous = signal(SIGPIPE, SIG_IGN);
  if (write(input_, bytes.data(), bytes.size()) < 0 && errno != EPIPE) die("write");
  signal(SIGPIPE, previous);
}

std::string Child::output() {
  if (terminal_ < 0) return read_capture(output_);
  drain_terminal();
  return from_terminal_;
}

std::string Child::errors() {
  return terminal_ < 0 ? read_capture(errors_) : std::string();
}

bool Child::wait_for(std::string_view text, std::string (Child::*stream)()) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const bool last_look = !running() || std::chrono::steady_clock::now() > deadline;
    if ((this->*stream)().find(text) != std::string::npos) return true;
    if (last_look) return false;
    std::this_thread::sleep_for(kPause);
  }
}

bool Child::wait_for_output(std::string_view text) {
  return wait_for(text, &Child::output);
}
bool Child::wait_for_errors(std::string_view text) {
  return wait_for(text, &Child::errors);
}

Ending Child::wait(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (running()) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      ended_ = true;
      break;
    }
    std::this_thread::sleep_for(kPause);
  }
  return ending_;
}

Finished run(const std::vector<std::string>& argv, const SpawnOptions& options) {
  Child child(argv, options);
  Finished finished;
  finished.ending = child.wait();
  finished.output = child.output();
  finished.errors = child.errors();
  return finished;
}

ScratchFolder::ScratchFolder() {
  auto name = (std::filesystem::temp_directory_path() / "gomapd-live-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) die("mkdtemp");
  path_ = name;
  // Some tests run gomapd as a user who is not root.
  std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace gomapd::live
