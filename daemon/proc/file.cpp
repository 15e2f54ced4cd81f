// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gomapd::proc {
namespace {

Errc classify(int error) {
  if (error == ENOENT || error == ENOTDIR || error == ESRCH || error == ELOOP ||
      error == ENAMETOOLONG)
    return Errc::kNotFound;
  if (error == EACCES || error == EPERM) return Errc::kPermission;
  return Errc::kSystem;
}

std::unexpected<Error> file_error(const std::string& path, int error) {
  return fail(classify(error), fmt::format("{}: {}", path, errno_text(error)));
}

std::unexpected<Error> not_regular(const std::string& path, const struct stat& info) {
  return fail(Errc::kMalformed,
              path + (S_ISDIR(info.st_mode) ? ": a directory" : ": not a regular file"));
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Result<File> File::open(const std::string& path) {
  // Before it is opened: that alone starts a watchdog or rewinds a tape.
  struct stat info{};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return not_regular(path, info);
  File file;
  // O_NONBLOCK: never wait for the other end of somebody's FIFO.
  file.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.fd_) return file_error(path, errno);
  if (fstat(file.fd_.get(), &info) != 0) return file_error(path, errno);
  if (!S_ISREG(info.st_mode)) return not_regular(path, info);
  if (info.st_size == 0) return fail(Errc::kMalformed, path + ": an empty file");
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  file.id_ = {.device = info.st_dev,
              .inode = info.st_ino,
              .changed_ns = info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  return file;
}

bool File::is_deleted() const {
  struct stat info{};
  return fstat(fd_.get(), &info) == 0 && info.st_nlink == 0;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  MappedFile mapped(TRY(File::open(path)));
  const auto size = static_cast<std::size_t>(mapped.file_.size());
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, mapped.fd(), 0);
  if (address == MAP_FAILED) return file_error(path, errno);
  mapped.bytes_ = Bytes(static_cast<const std::byte*>(address), size);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : file_(std::move(other.file_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace gomapd::proc
