// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bpf/libbpf.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <variant>
namespace gomapd::kernel {

template <auto Release>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Release(handle);
  }
};

// A program or a perf event.
class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (fd_ >= 0) close(fd_);
  }

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

using BpfLink = std::unique_ptr<bpf_link, Deleter<bpf_link__destroy>>;
// Owning a link means that its probe is attached. The other one is a perf event.
using ProbeLink = std::variant<BpfLink, Handle>;
using RingBuffer = std::unique_ptr<ring_buffer, Deleter<ring_buffer__free>>;

}  // namespace gomapd::kernel
