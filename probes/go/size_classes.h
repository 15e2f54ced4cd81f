// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>

namespace gomapd::go {

// Bytes that the allocator hands out, from its second class on (the first is 0):
// class_to_size of go1.16 to go1.23 runtime/sizeclasses.go, SizeClassToSize of
// go1.24 to go1.27 internal/runtime/gc/sizeclasses.go (TestSizeClasses compares
// them with each toolchain's source). Go 1.15 has no class of 24 bytes.
inline constexpr std::array<std::uint16_t, 67> kSizeClasses{
    8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,  160,   176,   192,
    208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,  512,   576,   640,
    704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304, 2688,  3072,  3200,
    3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728, 10240, 10880, 12288,
    13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768};

}  // namespace gomapd::go
