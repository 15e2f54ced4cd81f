// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>

namespace gomapd::app {

// steady_clock is CLOCK_MONOTONIC, which the probes' records carry.
inline std::uint64_t monotonic_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

inline std::uint64_t realtime_ns() {
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(now.count());
}

}  // namespace gomapd::app
