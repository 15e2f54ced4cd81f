// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/unit/probes/code/code_test_support.h"

// The choice of sites on small pieces of arm64 code.

namespace gomapd::code {
namespace {

constexpr auto kArm64 = elf::Machine::kArm64;

Result<FunctionCode> decode(std::string_view words) {
  return FunctionCode::decode(from_words(words), kTestEntry, kArm64);
}

std::string describe(std::string_view words, const Result<Site>& site) {
  return site ? describe_site(from_words(words), *site, kArm64) : site.error().context;
}

std::string start(std::string_view words) {
  const auto code = decode(words);
  return code ? describe(words, code->start_site()) : code.error().context;
}

std::string ends(std::string_view words) {
  const auto code = decode(words);
  if (!code) return code.error().context;
  const auto sites = code->end_sites();
  if (!sites) return sites.error().context;
  std::string text;
  for (const auto& site : *sites)
    text += (text.empty() ? "" : ", ") + describe_site(from_words(words), site, kArm64);
  return text;
}

std::string done(std::string_view words) {
  const auto code = decode(words);
  if (!code) return code.error().context;
  const auto site = code->evacuation_done_site();
  return describe(words, site) + (site ? " h=" + describe_location(site->hmap) : "");
}

std::string where(std::string_view words, Offset offset, const Location& argument) {
  const auto code = decode(words);
  if (!code) return code.error().context;
  const auto at = std::ranges::find(code->instructions(), offset, &Instruction::offset);
  if (at == code->instructions().end()) return "no instruction";
  return describe_location(code->find_argument(
      argument, *at, [](elf::Vaddr address) { return address == kTestEntry + 0x1000; }));
}

// go1.19 to go1.27, small frames: ldr x16,[x28,#16]; cmp sp,x16; b.ls tail;
// str x30,[sp,#-64]!; ldr x30,[sp],#64; ret; tail: mov x3,x30; bl; b entry
constexpr auto kChecked =
    "f9400b90 eb3063ff 54000089 f81c0ffe f84407fe d65f03c0 aa1e03e3 940003f9 17fffff8";

TEST(Arm64StartSite, IsTheBranchOfTheStackCheck) {
  EXPECT_EQ(start(kChecked), "+0x8 b.ls unless-taken");
  EXPECT_FALSE(decode(kChecked)->start_site()->frame_linked);
}

// b.lo instead, as the branch of a huge frame's own check would be: the flags
// rule does not cover it.
TEST(Arm64StartSite, IsTheInstructionAfterAnotherBranch) {
  EXPECT_EQ(start("f9400b90 eb3063ff 54000083 f81c0ffe f84407fe d65f03c0 aa1e03e3 940003f9 "
                  "17fffff8"),
            "+0xc str x30, [sp, #-0x40]! stepped");
}

// b.hi body; tail; body: the branch is taken when the check passes.
TEST(Arm64StartSite, IsTheInstructionAfterAnInvertedCheck) {
  EXPECT_EQ(start("f9400b90 eb3063ff 54000088 aa1e03e3 940003fc 17fffffb f81c0ffe f84407fe "
                  "d65f03c0"),
            "+0x18 str x30, [sp, #-0x40]! stepped");
}

// subs x17,sp,#N; b.lo tail; cmp x17,x16; b.ls tail: go1.19 to go1.27's huge frames.
TEST(Arm64StartSite, IsTheLastBranchOfAHugeFramesCheck) {
  EXPECT_EQ(start("f9400b90 f1400ff1 540000c3 eb10023f 54000089 f81c0ffe f84407fe d65f03c0 "
                  "aa1e03e3 940003f7 17fffff6"),
            "+0x10 b.ls unless-taken");
}

TEST(Arm64StartSite, WithoutACheckIsTheFirstEmulatedInstruction) {
  // add x5,x5,#1; ret
  EXPECT_EQ(start("910004a5 d65f03c0"), "+0x4 ret");
  // mov x0,x1 takes an argument away.
  EXPECT_EQ(start("aa0103e0 d65f03c0"), "+0x0 .inst stepped");
}

TEST(Arm64EndSites, AreTheReturns) {
  EXPECT_EQ(ends(kChecked), "+0x14 ret");
  // cbz x0, 1f; ret; 1: ret
  EXPECT_EQ(ends("b4000040 d65f03c0 d65f03c0"), "+0x4 ret, +0x8 ret");
}

TEST(Arm64EndSites, AreTheLastEmulatedInstructionWhereAReturnIsNotEmulated) {
  // add x5,x5,#1; str x30,[sp,#-64]!; add; cbz x0, 1f; nop; 1: retaa
  EXPECT_EQ(ends("910004a5 f81c0ffe 910023fd b4000040 d503201f d65f0bff"), "+0xc cbz x0,");
}

TEST(Arm64FrameLinked, IsUntilX29IsReloaded) {
  // str x30,[sp,#-64]!; stur x29,[sp,#-8]; sub x29,sp,#8; bl; cbz x0, 1f; nop; 1:
  // ldp x29,x30,[sp,#-8]; add sp,sp,#64; ret
  constexpr auto kReturns =
      "f81c0ffe f81f83fd d10023fd 940003fd b4000040 d503201f a97ffbfd 910103ff d65f03c0";
  EXPECT_FALSE(decode(kReturns)->end_sites()->front().frame_linked);
  // The same up to retaa: the end is the cbz.
  constexpr auto kInside =
      "f81c0ffe f81f83fd d10023fd 940003fd b4000040 d503201f a97ffbfd 910103ff d65f0bff";
  EXPECT_EQ(ends(kInside), "+0x10 cbz x0,");
  EXPECT_TRUE(decode(kInside)->end_sites()->front().frame_linked);
}

// The tail of go1.23's advanceEvacuationMark.
TEST(Arm64EvacuationDone, IsABranchThatRunsExactlyWhenTheFlagIsCleared) {
  // cmp x2,x4; b.ne out; cbz x1, 1f; str xzr,[x1,#8]; 1: ldrb w1,[x0,#8];
  // and x1,x1,#~8; strb w1,[x0,#8]; out: ret
  EXPECT_EQ(done("eb04005f 540000c1 b4000041 f900043f 39402001 927cf821 39002001 d65f03c0"),
            "+0x8 cbz x1, h=0");
}

TEST(Arm64EvacuationDone, IsTheLoadWhereNothingIsEmulated) {
  EXPECT_EQ(done("eb04005f 54000081 39402001 927cf821 39002001 d65f03c0"),
            "+0x8 ldrb w1, [x0, #0x8] stepped h=0");
}

TEST(Arm64EvacuationDone, FollowsTheMaskedValueToAnotherRegister) {
  // ldrb w1; and x3,x1,#~8; strb w3
  EXPECT_EQ(done("eb04005f 54000081 39402001 927cf823 39002003 d65f03c0"),
            "+0x8 ldrb w1, [x0, #0x8] stepped h=0");
  // strb w1 stores what was loaded.
  EXPECT_EQ(done("39402001 927cf823 39002001 d65f03c0"),
            "function at 0x401000: does not clear sameSizeGrow");
  // and x0,x1,#~8 overwrites the hmap.
  EXPECT_EQ(done("39402001 927cf820 39002000 d65f03c0"),
            "function at 0x401000: does not clear sameSizeGrow");
}

TEST(Arm64Argument, IsFollowedThroughPairsAndTheFrame) {
  // str x30,[sp,#-64]!; stp x0,x1,[sp,#72]; bl; nop; ldp x0,x1,[sp,#72]; ldr x30; ret
  constexpr auto kCode = "f81c0ffe a90487e0 940003ff d503201f a94487e0 f84407fe d65f03c0";
  const auto first = Location::in(Register::kX0);
  const auto second = Location::in(Register::kX1);
  EXPECT_EQ(where(kCode, 4, second), "1");
  EXPECT_EQ(where(kCode, 12, first), "[rsp+0x48]");
  EXPECT_EQ(where(kCode, 12, second), "[rsp+0x50]");
  EXPECT_EQ(where(kCode, 20, second), "1");
}

TEST(Arm64Argument, IsFoundInItsStackSlot) {
  // go1.15: str x30,[sp,#-16]!; ldr x5,[sp,#32]; nop; ldr x30; ret
  constexpr auto kCode = "f81f0ffe f94013e5 d503201f f84107fe d65f03c0";
  EXPECT_EQ(where(kCode, 0, Location::on_stack(16)), "[rsp+0x10]");
  EXPECT_EQ(where(kCode, 4, Location::on_stack(16)), "[rsp+0x20]");
  EXPECT_EQ(where(kCode, 8, Location::on_stack(16)), "5");
}

TEST(Arm64Argument, SurvivesTheWriteBarrier) {
  // mov x25,x1; bl gcWriteBarrier; nop; ret
  const auto second = Location::in(Register::kX1);
  EXPECT_EQ(where("aa0103f9 940003ff d503201f d65f03c0", 8, second), "1");
  // ... but not in x25: mov x25,x1; mov x1,x2; bl; nop; ret
  EXPECT_EQ(where("aa0103f9 aa0203e1 940003fe d503201f d65f03c0", 12, second), "?");
}

TEST(Arm64Argument, IsNotInASlotThatTheAssemblersScratchRegisterMayReach) {
  // str x1,[sp,#8]; add x27,sp,#N; stp x2,x3,[x27]; mov x1,x2; nop; ldr x1,[sp,#8]; ret
  EXPECT_EQ(where("f90007e1 910023fb a9000f62 aa0203e1 d503201f f94007e1 d65f03c0", 16,
                  Location::in(Register::kX1)),
            "?");
}

TEST(Arm64Argument, IsLostWithTheDepthOfTheStack) {
  // str x1,[sp,#8]; mov sp,x20; mov x1,x2; nop; ldr x1,[sp,#8]; ret
  EXPECT_EQ(where("f90007e1 9100029f aa0203e1 d503201f f94007e1 d65f03c0", 12,
                  Location::in(Register::kX1)),
            "?");
}

}  // namespace
}  // namespace gomapd::code
