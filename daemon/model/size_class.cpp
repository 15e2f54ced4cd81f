// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/size_class.h"

#include <algorithm>

#include "probes/go/size_classes.h"

namespace gomapd::model {
namespace {

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
  const auto found = *std::ranges::lower_bound(go::kSizeClasses, needed);
  return found == 24 && version.minor <= 15 ? 32 : found;
}

std::uint64_t usable_bytes(std::uint64_t size, Scan scan, go::Version version) {
  const auto allocated = allocated_bytes(size, scan, version);
  return allocated == 0 ? 0 : allocated - header_bytes(size, scan, version);
}

}  // namespace gomapd::model
