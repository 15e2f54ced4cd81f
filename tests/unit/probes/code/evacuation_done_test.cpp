// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

TEST(EvacuationDoneSite, IsABranchThatRunsExactlyWhenTheFlagIsCleared) {
  // push rbp; cmp rcx,rbx; jne out; cmp [rax+0x28],0; je; mov [rax+0x28],0;
  // movzx ecx,[rax+8]; and ecx,~8; mov [rax+8],cl; out: pop rbp; ret
  EXPECT_EQ(describe_done("55 4839d9 7519 4883782800 7408 48c7402800000000"
                          "0fb64808 83e1f7 884808 5d c3"),
            "+0xb jz h=0");
}

TEST(EvacuationDoneSite, MayComeAfterwardsWhileTheRegisterIsIntact) {
  // ... je; nop; mov rax,[rsp+8]; movzx; and; mov; nop; out: pop rbp; ret
  EXPECT_EQ(describe_done("55 4839d9 7518 4883782800 7401 90 488b442408"
                          "0fb64808 83e1f7 884808 90 5d c3"),
            "+0x1d nop h=0");
  // mov eax,ecx before the nop: the register is gone, so the load it is.
  EXPECT_EQ(describe_done("55 4839d9 751a 4883782800 7401 90 488b442408"
                          "0fb64808 83e1f7 884808 89c8 90 5d c3"),
            "+0x13 movzx ecx, byte ptr [rax+0x8] stepped h=0");
}

TEST(EvacuationDoneSite, IsTheLoadWhereNothingIsEmulated) {
  EXPECT_EQ(describe_done("55 4839d9 750f 488b442408 0fb64808 83e1f7 884808 5d c3"),
            "+0xb movzx ecx, byte ptr [rax+0x8] stepped h=0");
}

// cmp rsp,[r14+0x10]; jbe tail; movzx; and; mov; ret; tail: call; jmp entry
TEST(EvacuationDoneSite, IsNotTheStackCheck) {
  EXPECT_EQ(describe_done("493b6610 760b 0fb64808 83e1f7 884808 c3 e8f40f0000 ebe8"),
            "+0x6 movzx ecx, byte ptr [rax+0x8] stepped h=0");
}

TEST(EvacuationDoneSite, TrustsACallThatTheCompilerTrusts) {
  // ... nop; call gcWriteBarrier; movzx r9d,[r8+8]; and; mov; out: ...
  EXPECT_EQ(describe_done("55 4839d9 7513 90 e8f40f0000 450fb64808 4183e1f7 45884808 5d c3"),
            "+0x7 call h=8");
}

TEST(EvacuationDoneSite, AllowsOtherInstructionsInBetween) {
  // movzx ecx,[rax+8]; inc edx; and cl,0xf7; inc edx; mov [rax+8],cl
  EXPECT_EQ(describe_done("0fb64808 ffc2 80e1f7 ffc2 884808 c3"),
            "+0x0 movzx ecx, byte ptr [rax+0x8] stepped h=0");
}

TEST(EvacuationDoneSite, RefusesTwoOfThem) {
  EXPECT_EQ(describe_done("0fb64808 83e1f7 884808 0fb64b08 83e1f7 884b08 c3"),
            "function at 0x401000: clears sameSizeGrow in two places, +0x0 and +0xa");
}

TEST(EvacuationDoneSite, RefusesALoop) {
  EXPECT_EQ(describe_done("0fb64808 83e1f7 884808 48ffca 75f1 c3"),
            "function at 0x401000: clears sameSizeGrow in a loop");
}

class OtherCode : public testing::TestWithParam<std::string_view> {};

TEST_P(OtherCode, IsNoEndOfAGrowth) {
  EXPECT_EQ(describe_done(GetParam()), "function at 0x401000: does not clear sameSizeGrow");
}

INSTANTIATE_TEST_SUITE_P(Bodies, OtherCode,
                         testing::Values("0fb64808 83e1fb 884808 c3",         // another flag
                                         "0fb64809 83e1f7 884809 c3",         // another field
                                         "0fb64808 83e1f7 884b08 c3",         // to another object
                                         "0fb64808 83e1f7 885008 c3",         // another value
                                         "0fb64808 83e1f7 4889d8 884808 c3",  // base overwritten
                                         "0fb64808 83e1f7 b101 884808 c3",    // value overwritten
                                         "0fb64c1008 83e1f7 884c1008 c3",     // an index
                                         "640fb64808 83e1f7 64884808 c3",     // thread-local
                                         "0fb74808 83e1f7 66894808 c3",       // a word
                                         "0fb64808 83e1f7 c3"));              // no store

}  // namespace
}  // namespace gomapd::code
