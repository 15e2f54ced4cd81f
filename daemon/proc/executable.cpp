// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/executable.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace gomapd::proc {
namespace {

bool is_executable_file(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::string> find_executable(const std::string& command) {
  if (command.find('/') != std::string::npos) {
    if (is_executable_file(command)) return command;
    return fail(Errc::kNotFound, fmt::format("{}: no such executable file", command));
  }
  const char* path_variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string_view folders = path_variable != nullptr ? path_variable : "/bin:/usr/bin";
  while (true) {
    const auto colon = folders.find(':');
    const auto folder = folders.substr(0, colon);
    auto candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, command);
    if (!command.empty() && is_executable_file(candidate)) return candidate;
    if (colon == std::string_view::npos) break;
    folders.remove_prefix(colon + 1);
  }
  return fail(Errc::kNotFound, fmt::format("{}: not found in PATH", command));
}

}  // namespace gomapd::proc
