// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/memory.h"

#include <sys/uio.h>

#include <bit>

namespace gomapd::proc {

bool read_memory(pid_t pid, std::uint64_t address, std::span<std::byte> out) {
  const iovec local{out.data(), out.size()};
  const iovec remote{std::bit_cast<void*>(address), out.size()};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(out.size());
}

}  // namespace gomapd::proc
