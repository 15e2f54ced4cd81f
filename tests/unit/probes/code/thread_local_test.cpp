// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/thread_local.h"

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

std::optional<std::int64_t> offset_in(std::string_view hex) {
  return thread_local_g(from_hex(hex));
}

// What go1.15 makes of hashGrow, linked by itself, by gcc into a static program,
// and into a position-independent one by lld.
constexpr std::string_view kInternal = "64 48 8b 0c 25 f8 ff ff ff";  // mov rcx, fs:[-8]
constexpr std::string_view kStatic = "64 48 8b 0c 25 a8 ff ff ff";    // mov rcx, fs:[-88]
constexpr std::string_view kExternal =
    "48 c7 c1 f8 ff ff ff"  // mov rcx, -8
    "64 48 8b 09";          // mov rcx, fs:[rcx]

TEST(ThreadLocalG, IsWhereTheCodeLoadsItFrom) {
  EXPECT_EQ(offset_in(kInternal), -8);
  EXPECT_EQ(offset_in(kStatic), -88);
  EXPECT_EQ(offset_in(kExternal), -8);
}

TEST(ThreadLocalG, IsNotKnownFromOtherCode) {
  for (const std::string_view hex : {
           "",
           "55",                                // push rbp
           "49 3b 66 10",                       // cmp rsp, [r14+0x10]: go1.17
           "48 8b 0c 25 f8 ff ff ff",           // mov rcx, [-8]
           "65 48 8b 0c 25 f8 ff ff ff",        // mov rcx, gs:[-8]
           "64 8b 0c 25 f8 ff ff ff",           // mov ecx, fs:[-8]
           "64 48 8b 0c 25 08 00 00 00",        // mov rcx, fs:[8]
           "64 48 8b 0c 25 00 00 00 80",        // mov rcx, fs:[-2147483648]
           "64 48 8b 0c cd f8 ff ff ff",        // mov rcx, fs:[rcx*8-8]
           "64 48 8b 09",                       // mov rcx, fs:[rcx]
           "48 c7 c0 f8 ff ff ff 64 48 8b 09",  // mov rax, -8; mov rcx, fs:[rcx]
           "48 8b 0d 00 00 00 00 64 48 8b 09",  // mov rcx, [rip]; mov rcx, fs:[rcx]
           "48 c7 c1 f8 ff ff ff 64 48 89 09",  // mov rcx, -8; mov fs:[rcx], rcx
           "48 c7 c1 f8 ff ff ff 48 8b 09",     // mov rcx, -8; mov rcx, [rcx]
       }) {
    EXPECT_EQ(offset_in(hex), std::nullopt) << hex;
  }
}

TEST(ThreadLocalG, IsNotReadPastTheEnd) {
  for (const auto whole : {kInternal, kExternal}) {
    const auto bytes = from_hex(whole);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_EQ(thread_local_g(Bytes(bytes).first(size)), std::nullopt) << size;
  }
}

}  // namespace
}  // namespace gomapd::code
