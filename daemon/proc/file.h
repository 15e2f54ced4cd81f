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

// A file mapped read-only, with the descriptor that it was mapped from: what is
// analysed is what is probed, whatever happens to the path.
class MappedFile {
 public:
  // kNotFound, kPermission or kSystem. An empty or special file is kMalformed.
  [[nodiscard]] static Result<MappedFile> open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const FileId& id() const { return id_; }
  // Whether no folder holds it any more: what doesn't run by now never will.
  [[nodiscard]] bool is_deleted() const;

 private:
  MappedFile() = default;

  Fd fd_;
  Bytes bytes_;
  FileId id_;
};

}  // namespace gomapd::proc
