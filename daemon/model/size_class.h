// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/go/build_info.h"

namespace gomapd::model {

// Whether the garbage collector has to look into an object: since Go 1.22 such
// objects above 512 bytes carry an eight-byte header.
enum class Scan : std::uint8_t { kNoPointers, kPointers };

// Bytes that Go's allocator takes from the heap for an object of `size` bytes:
// its size class, or whole 8 KiB pages above 32 KiB. 0 for 0.
// go1.15 to go1.27 runtime/msize.go, runtime/sizeclasses.go (since 1.26
// internal/runtime/gc/sizeclasses.go).
[[nodiscard]] std::uint64_t allocated_bytes(std::uint64_t size, Scan scan, go::Version version);

// What runtime.roundupsize returns: how much of that the object can use.
[[nodiscard]] std::uint64_t usable_bytes(std::uint64_t size, Scan scan, go::Version version);

}  // namespace gomapd::model
