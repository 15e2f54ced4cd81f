// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

constexpr elf::Vaddr kWriteBarrier = kTestEntry + 0xffa;

// Where the argument of rbx is when the instruction at `offset` is reached.
std::string where(std::string_view hex, Offset offset, Register argument = Register::kRbx) {
  const auto code = decode_hex(hex);
  if (!code) return code.error().context;
  const auto at = std::ranges::find(code->instructions(), offset, &Instruction::offset);
  if (at == code->instructions().end()) return "no instruction";
  return describe_location(code->find_argument(
      Location::in(argument), *at, [](elf::Vaddr address) { return address == kWriteBarrier; }));
}

TEST(Argument, StaysInItsRegisterUntilThatIsWritten) {
  // nop; xor ebx,ebx; nop; ret
  EXPECT_EQ(where("90 31db 90 c3", 0), "3");
  EXPECT_EQ(where("90 31db 90 c3", 1), "3");
  EXPECT_EQ(where("90 31db 90 c3", 3), "?");
}

TEST(Argument, IsFollowedIntoACopyOfAll64Bits) {
  // mov rcx,rbx; xor ebx,ebx; nop; ret
  EXPECT_EQ(where("4889d9 31db 90 c3", 5), "1");
  // mov ecx,ebx
  EXPECT_EQ(where("89d9 31db 90 c3", 4), "?");
}

// push rbp; mov rbp,rsp; sub rsp,0x20; mov [rsp+0x38],rbx; call; nop;
// mov rbx,[rsp+0x38]; add rsp,0x20; pop rbp; ret
TEST(Argument, SurvivesACallInItsSlot) {
  constexpr auto kCode = "55 4889e5 4883ec20 48895c2438 e8f40f0000 90 488b5c2438 4883c420 5d c3";
  EXPECT_EQ(where(kCode, 0xd), "3");
  EXPECT_EQ(where(kCode, 0x12), "[rsp+0x38]");
  EXPECT_EQ(where(kCode, 0x18), "3");
  EXPECT_EQ(where(kCode, 0x12, Register::kRax), "?");
}

// The slot is loaded at [rsp+0x30] only: 0x38 is not read any more.
TEST(Argument, IsNotTakenFromASlotThatNobodyWillRead) {
  EXPECT_EQ(where("55 4889e5 4883ec20 48895c2438 e8f40f0000 90 488b5c2430 4883c420 5d c3", 0x12),
            "?");
}

// ... push rax; nop; pop rcx; mov rbx,[rsp+0x38] ...
TEST(Argument, SlotsAreSeenFromWhereverTheStackPointerIs) {
  EXPECT_EQ(where("55 4889e5 4883ec20 48895c2438 31db 50 90 59 488b5c2438 4883c420 5d c3", 0x10),
            "[rsp+0x40]");
}

TEST(Argument, SurvivesInALoopThatReloadsIt) {
  // ... 1: call; mov rbx,[rsp+0x38]; dec [rbx]; jne 1b ...
  constexpr auto kCode =
      "55 4889e5 4883ec20 48895c2438 e8f40f0000 488b5c2438 ff0b 75f2"
      "4883c420 5d c3";
  EXPECT_EQ(where(kCode, 0x12), "[rsp+0x38]");
  EXPECT_EQ(where(kCode, 0xd), "3");
}

TEST(Argument, IsNotInASlotThatMayHaveBeenOverwritten) {
  // test eax,eax; je 1f; mov [rsp+0x38],rcx; 1: call; nop; ...
  EXPECT_EQ(where("55 4889e5 4883ec20 48895c2438 85c0 7405 48894c2438 e8f40f0000 90 488b5c2438"
                  "4883c420 5d c3",
                  0x1b),
            "?");
  // movups [rsp+0x30],xmm0
  EXPECT_EQ(
      where("55 4889e5 4883ec20 48895c2438 0f11442430 e8f40f0000 90 488b5c2438 4883c420 5d c3",
            0x17),
      "?");
  // mov [rsp+rcx*8],rdx
  EXPECT_EQ(
      where("55 4889e5 4883ec20 48895c2438 488914cc e8f40f0000 90 488b5c2438 4883c420 5d c3", 0x16),
      "?");
}

TEST(Argument, IsNotInASlotThatIsOverwrittenBeforeItIsRead) {
  // ... call; nop; mov [rsp+0x38],rcx; mov rbx,[rsp+0x38]; ...
  EXPECT_EQ(
      where("55 4889e5 4883ec20 48895c2438 e8f40f0000 90 48894c2438 488b5c2438 4883c420 5d c3",
            0x12),
      "?");
  // mov [rsp+0x3c],edx: a part of it.
  EXPECT_EQ(
      where("55 4889e5 4883ec20 48895c2438 8954243c e8f40f0000 90 488b5c2438 4883c420 5d c3", 0x16),
      "?");
}

// test eax,eax; je 1f; xor ebx,ebx; 1: nop; ret
TEST(Argument, IsNotInARegisterThatMayHaveBeenOverwritten) {
  EXPECT_EQ(where("85c0 7402 31db 90 c3", 4), "3");
  EXPECT_EQ(where("85c0 7402 31db 90 c3", 6), "?");
}

TEST(Argument, IsLostWithTheDepthOfTheStack) {
  // mov [rsp+8],rbx; and rsp,-16; xor ebx,ebx; nop; mov rbx,[rsp+8]; ret
  EXPECT_EQ(where("48895c2408 4883e4f0 31db 90 488b5c2408 c3", 0xb), "?");
}

TEST(Argument, SurvivesTheWriteBarrierButInR11) {
  EXPECT_EQ(where("90 e8f40f0000 90 c3", 6), "3");
  // mov r11,rbx; xor ebx,ebx; call; nop; ret
  EXPECT_EQ(where("4989db 31db e8f00f0000 90 c3", 5), "11");
  EXPECT_EQ(where("4989db 31db e8f00f0000 90 c3", 10), "?");
  // Any other call.
  EXPECT_EQ(where("90 e8f50f0000 90 c3", 6), "?");
}

TEST(Argument, IsNowhereBehindAnIndirectJump) {
  EXPECT_EQ(where("90 ffe0", 0), "?");
}

}  // namespace
}  // namespace gomapd::code
