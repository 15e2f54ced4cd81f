// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/go/build_info.h"

namespace gomapd::go {

// The releases whose facts were measured.
inline constexpr int kOldestMinor = 15;
inline constexpr int kNewestMinor = 27;

// The first with arguments and g in registers, on amd64.
inline constexpr int kRegisterAbiMinor = 17;

// The first whose call stacks can be walked by frame pointers on arm64: before, frame
// pointers saved on a stack that was moved still pointed into the old one. go1.19
// runtime/stack.go: adjustframe, "TODO what about arm64 frame pointer adjustment?";
// https://github.com/golang/go/issues/58432
inline constexpr int kArm64FramesMinor = 21;

// Offset of goid in runtime.g, measured on every release: 160 in 1.23 and 1.24
// (go1.23 runtime/runtime2.go put syscallbp before it, go1.25 dropped
// gobuf.ret), 152 in all others from 1.15 to 1.27.
[[nodiscard]] constexpr std::uint16_t goid_offset(Version version) {
  return version.minor == 23 || version.minor == 24 ? 160 : 152;
}

}  // namespace gomapd::go
