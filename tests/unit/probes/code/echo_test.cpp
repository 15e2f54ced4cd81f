// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/echo.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace gomapd::code {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// go1.23 runtime.hashGrow, from `push rbp` on.
std::vector<std::byte> hash_grow() {
  return bytes_of({0x55,                      // push rbp
                   0x48, 0x89, 0xe5,          // mov rbp,rsp
                   0x48, 0x83, 0xec, 0x30,    // sub rsp,48
                   0x48, 0x8b, 0x13,          // mov rdx,[rbx]
                   0x48, 0xff, 0xc2,          // inc rdx
                   0x48, 0x83, 0xfa, 0x08,    // cmp rdx,8
                   0x7e, 0x24, 0x90, 0x90});  // jle, nop
}

TEST(Echo, IsTheNextEmulatedInstruction) {
  const auto echo = find_echo(hash_grow(), elf::Machine::kAmd64);
  ASSERT_TRUE(echo.has_value());
  EXPECT_EQ(echo->offset, 18);
  EXPECT_EQ(echo->flow, Flow::kConditional);
}

// go1.19 runtime.hashGrow, from the stack check's `jbe` on, which is the site.
TEST(Echo, FollowsABranchThatIsNotTaken) {
  const auto echo = find_echo(bytes_of({0x0f, 0x86, 0xdc, 0x01, 0, 0,  // jbe
                                        0x48, 0x83, 0xec, 0x38,        // sub rsp,56
                                        0xe8, 1, 0, 0, 0}),            // call
                              elf::Machine::kAmd64);
  ASSERT_TRUE(echo.has_value());
  EXPECT_EQ(echo->offset, 10);
  EXPECT_EQ(echo->flow, Flow::kCall);
}

TEST(Echo, IsNotBehindCodeThatMayRunForLong) {
  for (const auto& code : {
           bytes_of({0xe8, 1, 0, 0, 0, 0x55}),  // the site is a call
           bytes_of({0xeb, 0x10, 0x55}),        // or a jump
           bytes_of({0x55, 0xff, 0xd0, 0x55}),  // call rax
           bytes_of({0x55, 0xc3, 0x55}),        // ret
           bytes_of({0x55, 0x0f, 0x0b, 0x55}),  // ud2
           bytes_of({0x55, 0xe2, 0x10, 0x55}),  // loop
           bytes_of({0x55, 0x06, 0x55}),        // none in 64-bit code
       })
    EXPECT_FALSE(find_echo(code, elf::Machine::kAmd64).has_value());
  EXPECT_FALSE(find_echo(hash_grow(), elf::Machine::kOther).has_value());
}

TEST(Echo, LiesWithinTheBytesThatThereAre) {
  const auto code = hash_grow();
  for (std::size_t size = 0; size < 20; ++size)
    EXPECT_FALSE(find_echo(Bytes(code).first(size), elf::Machine::kAmd64).has_value()) << size;
  auto far = bytes_of({0x55});
  for (std::size_t i = 0; i < kEchoBytes; i += 3)
    for (const auto byte : bytes_of({0x48, 0x89, 0xe5})) far.push_back(byte);
  far.push_back(std::byte{0x55});
  EXPECT_FALSE(find_echo(far, elf::Machine::kAmd64).has_value());
}

}  // namespace
}  // namespace gomapd::code
