// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>

#include "bpf/interface.h"

namespace gomapd::kernel {

// By enum gm_stat.
using Stats = std::array<std::uint64_t, GM_STAT_COUNT>;

}  // namespace gomapd::kernel
