// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/size_class.h"

#include <algorithm>
#include <array>

namespace gomapd::model {
namespace {

// class_to_size, the same from Go 1.16 to 1.27 (TestSizeClasses compares them
// with each toolchain's source). Go 1.15 has no class of 24 bytes.
constexpr std::array<std::uint32_t, 67> kClassSizes{
    8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,  160,   176,   192,
    208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,  512,   576,   640,
    704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304, 2688,  3072,  3200,
    3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728, 10240, 10880, 12288,
    13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768};

constexpr std::uint64_t kLargestClass = 32768;
constexpr std::uint64_t kPageBytes = 8192;
constexpr std::uint64_t kHeaderBytes = 8;             // mallocHeaderSize
constexpr std::uint64_t kLargestWithoutHeader = 512;  // minSizeForMallocHeader

// go1.22 runtime/mbitmap.go: heapBitsInSpan
std::uint64_t header_bytes(std::uint64_t size, Scan scan, go::Version version) {
  const bool has_header = version.minor >= 22 && scan == Scan::kPointers &&
                          size > kLargestWithoutHeader && size <= kLargestClass - kHeaderBytes;
  return has_header ? kHeaderBytes : 0;
}

}  // namespace

std::uint64_t allocated_bytes(std::uint64_t size, Scan scan, go::Version version) {
  if (size == 0) return 0;
  const auto needed = size + header_bytes(size, scan, version);
  if (needed > kLargestClass) {
    if (needed > UINT64_MAX - kPageBytes) return size;
    return (needed + kPageBytes - 1) / kPageBytes * kPageBytes;
  }
  const auto found = *std::ranges::lower_bound(kClassSizes, needed);
  return found == 24 && version.minor <= 15 ? 32 : found;
}

std::uint64_t usable_bytes(std::uint64_t size, Scan scan, go::Version version) {
  const auto allocated = allocated_bytes(size, scan, version);
  return allocated == 0 ? 0 : allocated - header_bytes(size, scan, version);
}

}  // namespace gomapd::model
