// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "probes/base/bytes.h"

namespace gomapd::proc {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Tells a file from others, and from what was written into it or took its number
// later.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t changed_ns = 0;  // its ctime

  friend auto operator<=>(const FileId&, const FileId&) = default;
};

// A file that is not read here: what is analysed, elsewhere, by this descriptor is what is
// probed, whatever happens to the path.
class File {
 public:
  // kNotFound, kPermission or kSystem. An empty or special file is kMalformed.
  [[nodiscard]] static Result<File> open(const std::string& path);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const FileId& id() const { return id_; }
  // When it was opened; at least 1.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Whether no folder holds it any more: what doesn't run by now never will.
  [[nodiscard]] bool is_deleted() const;

 private:
  File() = default;

  Fd fd_;
  FileId id_;
  std::uint64_t size_ = 0;
};

// A file of the operator's own, mapped read-only. Reading what is beyond the end of one that
// has been cut short meanwhile is a SIGBUS: not for files of targets.
class MappedFile {
 public:
  // As File::open.
  [[nodiscard]] static Result<MappedFile> open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] int fd() const { return file_.fd(); }
  [[nodiscard]] const FileId& id() const { return file_.id(); }

 private:
  explicit MappedFile(File file) : file_(std::move(file)) {}

  File file_;
  Bytes bytes_;
};

}  // namespace gomapd::proc
