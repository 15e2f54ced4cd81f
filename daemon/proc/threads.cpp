// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/threads.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string>

#include "daemon/proc/file.h"

namespace gomapd::proc {
namespace {

constexpr std::size_t kMaxThreads = 1000;

// The text after "\nname:" and blanks, to the end of its line.
std::optional<std::string_view> field(std::string_view status, std::string_view name) {
  const auto label = fmt::format("\n{}:", name);
  const auto at = status.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + label.size());
  const auto end = status.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  status = status.substr(0, end);
  const auto begin = status.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : status.substr(begin);
}

}  // namespace

// linux fs/proc/array.c: proc_pid_status. The name of the thread, in the first
// line, has its newlines escaped, so that it can't forge a field.
std::optional<ThreadRest> parse_thread_rest(std::string_view status) {
  const auto state = field(status, "State");
  const auto switches = field(status, "voluntary_ctxt_switches");
  if (!state || state->empty() || !switches) return std::nullopt;
  ThreadRest rest{.runs = state->front() == 'R', .voluntary_switches = 0};
  const char* const last = switches->data() + switches->size();
  const auto [end, error] = std::from_chars(switches->data(), last, rest.voluntary_switches);
  if (error != std::errc{} || end != last) return std::nullopt;
  return rest;
}

std::optional<ThreadRest> thread_rest(pid_t pid, pid_t tid) {
  const auto path = fmt::format("/proc/{}/task/{}/status", pid, tid);
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  if (!fd) return std::nullopt;
  const auto size = read(fd.get(), text.data(), text.size());
  if (size <= 0) return std::nullopt;
  return parse_thread_rest({text.data(), static_cast<std::size_t>(size)});
}

std::vector<pid_t> thread_ids(pid_t pid) {
  std::vector<pid_t> tids;
  std::error_code error;
  std::filesystem::directory_iterator tasks(fmt::format("/proc/{}/task", pid), error);
  for (; !error && tasks != std::filesystem::directory_iterator() && tids.size() < kMaxThreads;
       tasks.increment(error)) {
    const auto name = tasks->path().filename().string();
    pid_t tid = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), tid);
    if (code == std::errc{} && end == name.data() + name.size()) tids.push_back(tid);
  }
  return tids;
}

std::vector<RunningThread> running_threads(pid_t pid) {
  std::vector<RunningThread> running;
  for (const auto tid : thread_ids(pid)) {
    const auto rest = thread_rest(pid, tid);
    if (rest && rest->runs) running.push_back({tid, rest->voluntary_switches});
  }
  return running;
}

}  // namespace gomapd::proc
