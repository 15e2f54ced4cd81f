// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The numbers of the file format; docs/RECORDING.md says what they mean. They
// are append-only.
namespace gomapd::recording {

inline constexpr std::string_view kMagic = "gomaprec";
// A reader refuses another major version, and skips what it does not know in a
// newer minor one.
inline constexpr std::uint16_t kMajor = 1;
inline constexpr std::uint16_t kMinor = 0;
inline constexpr std::size_t kFileHeaderBytes = 32;

inline constexpr std::uint32_t kBlockMarker = 0x6b6c4247;  // "GBlk"
inline constexpr std::size_t kBlockHeaderBytes = 20;

enum class BlockKind : std::uint8_t { kDefinitions = 1, kEvents = 2, kState = 3, kEnd = 4 };

enum class Definition : std::uint8_t {
  kString = 1,
  kFrame = 2,
  kStack = 3,
  kType = 4,
  kProcess = 5,
  kGrowth = 6,
};

enum FrameFlag : std::uint8_t {
  kInlined = 1U << 0U,
  kRuntimeMapFunction = 1U << 1U,
  kCallersMissing = 1U << 2U,
};

// Which parts of an event follow, and bits of its own.
enum EventFlag : std::uint64_t {
  kNewGoMap = 1U << 0U,
  kSameThread = 1U << 1U,
  kSameKeys = 1U << 2U,
  kHasDuration = 1U << 3U,
  kHasOverflow = 1U << 4U,
  kOnStack = 1U << 5U,
  kOverflowEstimated = 1U << 6U,
  kBeganBefore = 1U << 7U,
  kHasBucket = 1U << 8U,
  kHasTombstones = 1U << 9U,
  kDirectoryDoubles = 1U << 10U,
  kAllEventFlags = (1U << 11U) - 1,
};

enum StateFlag : std::uint64_t { kFullState = 1U << 0U, kGoMapsExact = 1U << 1U };

// Longer texts and stacks are no writer's; they bound what a reader keeps.
inline constexpr std::uint64_t kMaxTextBytes = 1U << 20U;
inline constexpr std::uint64_t kMaxFrames = 1U << 12U;

}  // namespace gomapd::recording
