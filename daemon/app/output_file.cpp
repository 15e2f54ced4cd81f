// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/output_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace gomapd::app {
namespace {

// Of a file that is created: mkostemp gives it to its owner alone.
mode_t default_mode() {
  const auto mask = umask(0);
  umask(mask);
  return 0666U & ~mask;
}

// Where a link leads to: it is the file that is replaced, not the link.
std::string target_of(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : path;
}

std::unexpected<Error> not_writable(const std::string& path) {
  return fail(Errc::kSystem, fmt::format("{}: {}", path, errno_text(errno)));
}

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile file;
  struct stat info{};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    file.path_ = path;
    file.fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.fd_) return not_writable(path);
    return file;
  }
  file.path_ = exists ? target_of(path) : path;
  auto unfinished = file.path_ + ".XXXXXX";
  file.fd_.reset(mkostemp(unfinished.data(), O_CLOEXEC));
  if (!file.fd_) return not_writable(path);
  file.unfinished_ = unfinished;
  if (fchmod(file.fd_.get(), exists ? info.st_mode & 07777U : default_mode()) != 0)
    return not_writable(path);
  return file;
}

OutputFile::~OutputFile() {
  if (fd_ && !unfinished_.empty()) unlink(unfinished_.c_str());
}

Result<void> OutputFile::commit(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return not_writable(path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (unfinished_.empty()) return {};
  if (rename(unfinished_.c_str(), path_.c_str()) != 0) return not_writable(path_);
  unfinished_.clear();
  return {};
}

}  // namespace gomapd::app
