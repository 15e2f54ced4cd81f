// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The text of a /proc/PID/cgroup. What comes of it becomes a label of metrics.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/proc/cgroup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto identity = gomapd::proc::cgroup_identity(text);
  const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '/'; };
  for (const auto& name : {identity.unit, identity.container_id})
    if (name.size() > 255 || !std::ranges::all_of(name, is_plain)) std::abort();
  return 0;
}
