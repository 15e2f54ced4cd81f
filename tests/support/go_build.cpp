// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/support/go_build.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>

namespace gomapd::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array kMinors = {"1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "1.21",
                                "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"};

std::string environment(const char* name) {
  // Tests set no variables.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string() : std::string(value);
}

// FNV-1a: names a cache entry; nothing depends on its strength.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char c : text) add(static_cast<unsigned char>(c));
    add(0xff);
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  void add(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

Result<std::string> content_key(const fs::path& root, const fs::path& sources,
                                const std::vector<std::string>& flags,
                                const std::vector<std::string>& env) {
  Hash hash;
  const auto version = read_file(root / "VERSION");
  hash.add(root.string());
  if (version) hash.add({reinterpret_cast<const char*>(version->data()), version->size()});
  for (const auto& flag : flags) hash.add(flag);
  hash.add("");
  for (const auto& variable : env) hash.add(variable);
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(sources, error)) files.push_back(entry.path());
  if (error || files.empty())
    return fail(Errc::kNotFound, fmt::format("no Go program in {}", sources.string()));
  std::ranges::sort(files);
  for (const auto& file : files) {
    const auto content = TRY(read_file(file));
    hash.add(file.filename().string());
    hash.add({reinterpret_cast<const char*>(content.data()), content.size()});
  }
  return hash.text();
}

// One build at a time: tests run in parallel, and want the same programs.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : fd_(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  int fd_;
};

Result<std::string> drain(int fd) {
  std::string output;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto count = read(fd, buffer.data(), buffer.size());
    if (count < 0) return fail(Errc::kSystem, "read from a child failed");
    if (count == 0) return output;
    output.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string last_lines(const std::string& text) {
  const auto start = text.size() > 400 ? text.size() - 400 : 0;
  return text.substr(start);
}

// The variables of this process, with those of `env` in place of their own.
std::vector<std::string> merged_environment(const std::vector<std::string>& env) {
  std::vector<std::string> merged = env;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view own = *variable;
    const auto name = own.substr(0, own.find('=') + 1);
    if (std::ranges::none_of(env, [&](const auto& e) { return e.starts_with(name); }))
      merged.emplace_back(own);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

fs::path cache_folder() {
  if (const auto own = environment("GOMAPD_CACHE"); !own.empty()) return own;
  if (const auto xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "gomapd";
  const auto home = environment("HOME");
  return fs::path(home.empty() ? "/root" : home) / ".cache" / "gomapd";
}

std::optional<fs::path> go_root(std::string_view minor) {
  auto root = cache_folder() / "go" / minor;
  std::error_code error;
  if (!fs::exists(root / "bin" / "go", error)) return std::nullopt;
  return root;
}

std::vector<std::string> go_minors() {
  std::vector<std::string> minors;
  for (const auto* minor : kMinors)
    if (go_root(minor)) minors.emplace_back(minor);
  return minors;
}

Result<std::string> run(const std::vector<std::string>& command,
                        const std::vector<std::string>& env) {
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return fail(Errc::kSystem, "pipe failed");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
  auto arguments = command;
  auto variables = merged_environment(env);
  pid_t child = 0;
  const int status = posix_spawnp(&child, command[0].c_str(), &actions, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_fds[1]);
  if (status != 0) {
    close(pipe_fds[0]);
    return fail(Errc::kSystem, fmt::format("{}: can't be started", command[0]));
  }
  auto output = drain(pipe_fds[0]);
  close(pipe_fds[0]);
  int wait_status = 0;
  waitpid(child, &wait_status, 0);
  if (output && wait_status != 0)
    return fail(Errc::kSystem, fmt::format("{}: wait status {:#x}: {}", command[0], wait_status,
                                           last_lines(*output)));
  return output;
}

Result<fs::path> build_go_program(const fs::path& root, const fs::path& source_folder,
                                  const std::vector<std::string>& flags,
                                  const std::vector<std::string>& env) {
  const auto key = TRY(content_key(root, source_folder, flags, env));
  const auto folder = cache_folder() / "programs" / key;
  auto program = folder / source_folder.filename();
  std::error_code error;
  if (fs::exists(program, error)) return program;

  fs::create_directories(folder, error);
  const Lock lock(cache_folder() / "programs" / "lock");
  if (fs::exists(program, error)) return program;
  const auto unfinished = folder / "unfinished";
  std::vector<std::string> command = {(root / "bin" / "go").string(), "build", "-trimpath", "-o",
                                      unfinished.string()};
  command.insert(command.end(), flags.begin(), flags.end());
  command.push_back(".");
  std::vector<std::string> variables = {"GOROOT=" + root.string(),
                                        "GO111MODULE=off",
                                        "GOFLAGS=",
                                        "GOTOOLCHAIN=local",
                                        "GOCACHE=" + (cache_folder() / "go-build").string(),
                                        "GOPATH=" + (cache_folder() / "go-path").string()};
  variables.insert(variables.end(), env.begin(), env.end());
  // The go command reads the package from its working folder; its errors join
  // the output.
  std::vector<std::string> shell = {"sh", "-c", "cd \"$0\" && exec \"$@\" 2>&1",
                                    source_folder.string()};
  shell.insert(shell.end(), command.begin(), command.end());
  auto output = run(shell, variables);
  if (!output) return std::unexpected(output.error());
  // A rename, so that a killed build leaves no half of a program behind.
  fs::rename(unfinished, program, error);
  if (error) return fail(Errc::kSystem, fmt::format("{}: {}", program.string(), error.message()));
  return program;
}

Result<std::vector<std::byte>> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, fmt::format("{}: can't be read", path.string()));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto bytes = std::as_bytes(std::span(text));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace gomapd::test
