// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/memory.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <bit>

namespace gomapd::proc {
namespace {

// What one call takes: UIO_MAXIOV of linux/uio.h.
constexpr std::size_t kMaxPieces = 1024;

bool read_some(pid_t pid, std::span<const MemoryPiece> pieces) {
  std::array<iovec, kMaxPieces> local;   // NOLINT(*-member-init): filled below
  std::array<iovec, kMaxPieces> remote;  // NOLINT(*-member-init)
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    local.at(i) = {pieces[i].out.data(), pieces[i].out.size()};
    remote.at(i) = {std::bit_cast<void*>(pieces[i].address), pieces[i].out.size()};
    wanted += pieces[i].out.size();
  }
  const auto read =
      process_vm_readv(pid, local.data(), pieces.size(), remote.data(), pieces.size(), 0);
  return read >= 0 && static_cast<std::size_t>(read) == wanted;
}

}  // namespace

bool read_memory(pid_t pid, std::uint64_t address, std::span<std::byte> out) {
  const MemoryPiece piece{address, out};
  return read_some(pid, std::span(&piece, 1));
}

bool read_memory(pid_t pid, std::span<const MemoryPiece> pieces) {
  while (!pieces.empty()) {
    const auto some = pieces.first(std::min(pieces.size(), kMaxPieces));
    if (!read_some(pid, some)) return false;
    pieces = pieces.subspan(some.size());
  }
  return true;
}

}  // namespace gomapd::proc
