// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/size_class.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace gomapd::model {
namespace {

constexpr go::Version kGo115{15, 0};
constexpr go::Version kGo116{16, 0};
constexpr go::Version kGo121{21, 0};
constexpr go::Version kGo122{22, 0};
constexpr go::Version kGo127{27, 0};

struct Case {
  std::uint64_t size;
  Scan scan;
  go::Version version;
  std::uint64_t allocated;
  std::uint64_t usable;
};

TEST(SizeClass, RoundsUpToTheNextClass) {
  for (const auto& [size, scan, version, allocated, usable] : {
           Case{0, Scan::kNoPointers, kGo121, 0, 0},
           Case{1, Scan::kNoPointers, kGo121, 8, 8},
           Case{8, Scan::kNoPointers, kGo121, 8, 8},
           Case{9, Scan::kNoPointers, kGo121, 16, 16},
           Case{1024, Scan::kNoPointers, kGo121, 1024, 1024},
           Case{1025, Scan::kNoPointers, kGo121, 1152, 1152},
           Case{32767, Scan::kNoPointers, kGo121, 32768, 32768},
           Case{32768, Scan::kNoPointers, kGo121, 32768, 32768},
       }) {
    EXPECT_EQ(allocated_bytes(size, scan, version), allocated) << size;
    EXPECT_EQ(usable_bytes(size, scan, version), usable) << size;
  }
}

TEST(SizeClass, HasNoClassOf24BytesInGo115) {
  EXPECT_EQ(allocated_bytes(17, Scan::kNoPointers, kGo115), 32);
  EXPECT_EQ(allocated_bytes(24, Scan::kPointers, kGo115), 32);
  EXPECT_EQ(allocated_bytes(24, Scan::kPointers, kGo116), 24);
}

// go1.22 runtime/mbitmap.go: heapBitsInSpan (512 bytes: bits in the span);
// malloc.go: mallocgc (above 32,760: a span of its own, no header).
TEST(SizeClass, PutsAHeaderBeforeObjectsWithPointersSinceGo122) {
  for (const auto& [size, scan, version, allocated, usable] : {
           Case{512, Scan::kPointers, kGo122, 512, 512},
           Case{513, Scan::kPointers, kGo122, 576, 568},
           Case{568, Scan::kPointers, kGo122, 576, 568},
           Case{569, Scan::kPointers, kGo122, 640, 632},
           Case{1024, Scan::kPointers, kGo121, 1024, 1024},
           Case{1024, Scan::kPointers, kGo122, 1152, 1144},
           Case{1024, Scan::kPointers, kGo127, 1152, 1144},
           Case{1024, Scan::kNoPointers, kGo122, 1024, 1024},
           Case{32760, Scan::kPointers, kGo122, 32768, 32760},
           Case{32761, Scan::kPointers, kGo122, 32768, 32768},
           Case{32768, Scan::kPointers, kGo122, 32768, 32768},
       }) {
    EXPECT_EQ(allocated_bytes(size, scan, version), allocated) << size;
    EXPECT_EQ(usable_bytes(size, scan, version), usable) << size;
  }
}

TEST(SizeClass, TakesWholePagesAbove32KiB) {
  for (const auto scan : {Scan::kNoPointers, Scan::kPointers}) {
    EXPECT_EQ(allocated_bytes(32769, scan, kGo121), 40960);
    EXPECT_EQ(allocated_bytes(32769, scan, kGo122), 40960);
    EXPECT_EQ(allocated_bytes(40960, scan, kGo122), 40960);
    EXPECT_EQ(allocated_bytes(40961, scan, kGo122), 49152);
    EXPECT_EQ(usable_bytes(40961, scan, kGo122), 49152);
  }
}

// go1.23 runtime/msize.go: roundupsize returns the size where rounding overflows.
TEST(SizeClass, LeavesSizesAloneThatNoMemoryHolds) {
  EXPECT_EQ(allocated_bytes(UINT64_MAX, Scan::kPointers, kGo122), UINT64_MAX);
  EXPECT_EQ(allocated_bytes(UINT64_MAX - 8191, Scan::kPointers, kGo122), UINT64_MAX - 8191);
  EXPECT_EQ(allocated_bytes(UINT64_MAX - 8192, Scan::kPointers, kGo122), UINT64_MAX - 8191);
}

}  // namespace
}  // namespace gomapd::model
