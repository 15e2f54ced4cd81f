// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/privilege/capabilities.h"

#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace gomapd::privilege {
namespace {

// Kernels to come may have more than headers know: linux include/uapi/linux/capability.h
// has room for 64.
constexpr int kCapabilities = 64;

std::unexpected<Error> refused(const char* call, int error) {
  return fail(Errc::kSystem, fmt::format("giving up privileges: {}: {}", call, errno_text(error)));
}

}  // namespace

Result<void> keep_only(std::span<const int> capabilities) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no_new_privs", errno);
  std::uint64_t kept = 0;
  for (const int capability : capabilities) kept |= std::uint64_t{1} << capability;
  for (int capability = 0; capability < kCapabilities; ++capability)
    if ((kept >> capability & 1U) == 0) (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return refused("capget", errno);
  for (std::size_t half = 0; half < sets.size(); ++half) {
    auto& set = sets.at(half);
    set.permitted &= static_cast<std::uint32_t>(kept >> (32 * half));
    set.effective = set.permitted;
    set.inheritable = 0;
  }
  if (syscall(SYS_capset, &header, sets.data()) != 0) return refused("capset", errno);
  return {};
}

}  // namespace gomapd::privilege
