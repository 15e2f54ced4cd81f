// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bpf/libbpf.h>

#include <memory>

namespace gomapd::kernel {

template <auto Release>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Release(handle);
  }
};

// Owning a link means that its probe is attached.
using BpfLink = std::unique_ptr<bpf_link, Deleter<bpf_link__destroy>>;
using RingBuffer = std::unique_ptr<ring_buffer, Deleter<ring_buffer__free>>;

}  // namespace gomapd::kernel
