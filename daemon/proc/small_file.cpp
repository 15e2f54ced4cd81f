// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/small_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "daemon/proc/file.h"

namespace gomapd::proc {
namespace {

std::unexpected<Error> read_error(const std::string& path, int error) {
  auto code = Errc::kSystem;
  // ESRCH: opened in time, but read after the process had gone.
  if (error == ENOENT || error == ESRCH) code = Errc::kNotFound;
  if (error == EACCES || error == EPERM) code = Errc::kPermission;
  return fail(code, fmt::format("{}: {}", path, errno_text(error)));
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t most) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return read_error(path, errno);
  constexpr std::size_t kStep = 4096;
  std::string text;
  while (text.size() < most) {
    const auto had = text.size();
    text.resize(std::min(most, had + kStep));
    const auto size = read(fd.get(), text.data() + had, text.size() - had);
    if (size < 0 && errno != EINTR) return read_error(path, errno);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size == 0) break;
  }
  return text;
}

}  // namespace gomapd::proc
