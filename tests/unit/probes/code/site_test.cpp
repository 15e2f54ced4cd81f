// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/site.h"

#include <random>

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

// cmp rsp,[r14+0x10]; jbe tail; push rbp; mov rbp,rsp; pop rbp; ret
// tail: call runtime.morestack; jmp to the entry
constexpr std::string_view kPush = "493b6610 7606 55 4889e5 5d c3  e8ef1f0000 ebed";

// The same before Go 1.21: sub rsp,0x10; mov [rsp+8],rbp; lea rbp,[rsp+8];
// cmp rax,rbx; je +3; inc rax; mov rbp,[rsp+8]; add rsp,0x10; ret
constexpr std::string_view kSub =
    "493b6610 7620 4883ec10 48896c2408 488d6c2408 4839d8 7403 48ffc0 488b6c2408 4883c410 c3"
    "e8d51f0000 ebd3";

TEST(StartSite, IsThePushAfterTheStackCheck) {
  EXPECT_EQ(describe_start(kPush), "+0x6 push rbp");
  EXPECT_FALSE(decode_hex(kPush)->start_site()->frame_linked);
}

TEST(StartSite, IsTheCheckItselfWhereWhatFollowsIsStepped) {
  EXPECT_EQ(describe_start(kSub), "+0x4 jbe unless-taken");
  EXPECT_FALSE(decode_hex(kSub)->start_site()->frame_linked);
}

TEST(StartSite, FollowsTheTwoBranchesOfAHugeFramesCheck) {
  // mov r12,rsp; sub r12,0x10000; jb tail; cmp r12,[r14+0x10]; jbe tail; ...
  constexpr std::string_view check = "4989e4 4981ec00000100 72 0c 4d3b6610 76 06";
  EXPECT_EQ(describe_start(std::string(check) + "55 4889e5 5d c3 e8e31f0000 ebe1"),
            "+0x12 push rbp");
  EXPECT_EQ(describe_start("4989e4 4981ec00000100 7215 4d3b6610 760f 4881ec00000100 4881c400000100"
                           "c3 e8da1f0000 ebdf"),
            "function at 0x401000+0x7: a jump into the middle of an instruction");
  EXPECT_EQ(describe_start("4989e4 4981ec00000100 7215 4d3b6610 760f 4881ec00000100 4881c400000100"
                           "c3 e8da1f0000 ebd8"),
            "+0x10 jbe unless-taken");
}

TEST(StartSite, StepsAfterACheckWithAnotherCondition) {
  // jb instead of jbe: nobody decodes its flags.
  EXPECT_EQ(describe_start("493b6610 7209 4883ec10 4883c410 c3 e8ec1f0000 ebea"),
            "+0x6 sub rsp, stepped");
  // ja over the tail: taken means passed.
  EXPECT_EQ(describe_start("493b6610 7707 e8f51f0000 ebf3 4883ec10 4883c410 c3"),
            "+0xd sub rsp, stepped");
}

TEST(StartSite, WithoutACheckIsTheFirstEmulatedInstruction) {
  EXPECT_EQ(describe_start("4885c0 7403 48ffc0 c3"), "+0x3 jz");
  EXPECT_EQ(describe_start("55 4889e5 5d c3"), "+0x0 push rbp");
}

TEST(StartSite, WithoutACheckComesBeforeAnArgumentIsOverwritten) {
  EXPECT_EQ(describe_start("4889d8 4885c0 7403 48ffc1 c3"), "+0x0 mov rax, rbx stepped");
}

TEST(StartSite, WithoutACheckKnowsWhereTheReturnAddressIs) {
  // sub rsp,0x10; mov [rsp+8],rbp; lea rbp,[rsp+8]; test rax,rax; je; ...
  constexpr std::string_view linked =
      "4883ec10 48896c2408 488d6c2408 4885c0 7403 48ffc0 488b6c2408 4883c410 c3";
  EXPECT_EQ(describe_start(linked), "+0x11 jz");
  EXPECT_TRUE(decode_hex(linked)->start_site()->frame_linked);
  // The same without a frame pointer.
  EXPECT_EQ(describe_start("4883ec10 4885c0 7403 48ffc0 4883c410 c3"), "+0x0 sub rsp, stepped");
}

TEST(StartSite, NeverIsWhereTheKernelRefusesProbes) {
  // lock inc [rax]; mov rax,rbx; ret
  EXPECT_EQ(describe_start("f048ff00 4889d8 c3"), "+0x4 mov rax, rbx stepped");
  EXPECT_EQ(describe_start("0f0b"),
            "function at 0x401000: no instruction at its start takes a probe");
}

TEST(StartSite, RefusesAFunctionThatLoopsToItsEntry) {
  EXPECT_EQ(describe_start("48ffc8 75fb c3"),
            "function at 0x401000: has no stack check and loops to its entry");
}

TEST(StartSite, DoesNotTrustABlockThatAnIndirectJumpMayReach) {
  // As kPush, with `jmp rax` for `pop rbp; ret`.
  EXPECT_EQ(describe_start("493b6610 7606 55 4889e5 ffe0 e8ef1f0000 ebed"),
            "+0x4 jbe unless-taken");
}

TEST(EndSites, LeaveOutLoops) {
  // push rbp; mov rbp,rsp; xor ecx,ecx; jmp; inc; cmp; jl back; mov; nop; ret
  EXPECT_EQ(describe_ends("55 4889e5 31c9 eb03 48ffc1 4883f908 7cf7 488908 90 5d c3"), "+0x14 nop");
  // The same without the nop: the jump into the loop.
  EXPECT_EQ(describe_ends("55 4889e5 31c9 eb03 48ffc1 4883f908 7cf7 488908 5d c3"), "+0x6 jmp");
}

TEST(EndSites, SayWhetherWorkFollows) {
  const auto after = decode_hex("55 4889e5 31c9 eb03 48ffc1 4883f908 7cf7 488908 90 5d c3");
  EXPECT_FALSE(after->end_sites()->front().work_follows);
  EXPECT_TRUE(after->end_sites()->front().frame_linked);
  const auto before = decode_hex("55 4889e5 31c9 eb03 48ffc1 4883f908 7cf7 488908 5d c3");
  EXPECT_TRUE(before->end_sites()->front().work_follows);
  // push rbp; call; pop rbp; ret: the hit comes before the call.
  const auto call = decode_hex("55 e8fa1f0000 5d c3");
  EXPECT_TRUE(call->end_sites()->front().work_follows);
}

TEST(EndSites, AreTheReturnsWhereTheCopyingComesAfterAllElse) {
  // push rbp; mov rbp,rsp; jmp; body: call rcx; dec rbx; test; jne body; pop; ret
  EXPECT_EQ(describe_ends("55 4889e5 eb05 ffd1 48ffcb 4885db 75f6 5d c3"), "+0x11 ret stepped");
}

TEST(EndSites, LieBeforeTheWayToTwoReturnsParts) {
  // push rbp; test rax,rax; je; nop; pop; ret; nop; pop; ret
  EXPECT_EQ(describe_ends("55 4885c0 7403 90 5d c3 90 5d c3"), "+0x4 jz");
}

TEST(EndSites, AreTheReturnsWhereNothingIsEmulated) {
  EXPECT_EQ(describe_ends("493b6610 7609 55 4889e5 48ffc0 5d c3 e8ec1f0000 ebea"),
            "+0xe ret stepped");
  // The branch is the start site itself.
  EXPECT_EQ(describe_ends("4885c0 7401 c3 c3"), "+0x5 ret stepped, +0x6 ret stepped");
}

TEST(EndSites, TakeATailCallForAReturn) {
  EXPECT_EQ(describe_ends("55 4889e5 5d e9f60f0000"), "+0x5 jmp");
}

TEST(EndSites, IgnorePanicPaths) {
  // push rbp; cmp rax,8; jae panic; nop; pop rbp; ret; panic: call; nop
  constexpr std::string_view body = "55 4883f808 7303 90 5d c3 e8f10f0000 90";
  EXPECT_EQ(describe_ends(body), "+0x7 nop");
}

TEST(EndSites, NeedToKnowAPanicThatSeemsToFallIntoOtherCode) {
  // push rbp; cmp rax,8; jae panic; call f; cmp rbx,1; je; inc rcx; pop; ret;
  // panic: call panic; jmp to the second cmp
  constexpr std::string_view body =
      "55 4883f808 7310 e8f42f0000 4883fb01 7403 48ffc1 5d c3 e8e40f0000 ebee";
  EXPECT_EQ(describe_ends(body), "+0x10 jz");
  // push rbp; jae panic; call f; pop; ret; panic: call panic; pop; ret
  constexpr std::string_view merged = "55 4883f808 7307 e8f41f0000 5d c3 e8ed0f0000 5d c3";
  EXPECT_EQ(describe_ends(merged), "+0x5 jnb");
  EXPECT_EQ(describe_ends(merged, [](elf::Vaddr address) { return address == 0x402000; }),
            "+0x7 call");
}

TEST(EndSites, RefuseToGuessWhereAnIndirectJumpLeads) {
  EXPECT_EQ(describe_ends("55 4885c0 7402 ffe0 5d c3"),
            "function at 0x401000: an indirect jump hides where it returns");
}

TEST(EndSites, RefuseAFunctionThatNeverReturns) {
  EXPECT_EQ(describe_ends("55 e8fa0f0000 0f0b"), "function at 0x401000: never returns");
}

TEST(ReturnSites, AreAllOfThem) {
  const auto code = decode_hex("55 4885c0 7403 90 5d c3 90 5d c3");
  const auto sites = code->return_sites();
  ASSERT_TRUE(sites);
  ASSERT_EQ(sites->size(), 2U);
  EXPECT_EQ(sites->at(0).instruction.offset, 8U);
  EXPECT_EQ(sites->at(1).instruction.offset, 0xbU);
  EXPECT_FALSE(sites->at(0).frame_linked);
}

TEST(FunctionCode, SurvivesRandomBytes) {
  std::mt19937 random(1);
  // Bytes that make jumps, calls and returns likely.
  constexpr std::uint8_t kLikely[] = {0x74, 0x76, 0xeb, 0x55, 0x5d, 0xc3, 0x90, 0xe8,
                                      0x48, 0xff, 0x00, 0x02, 0xf8, 0x0f, 0x86, 0xcc};
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> body(1 + random() % 40);
    for (auto& byte : body)
      byte = static_cast<std::byte>(random() % 4 != 0 ? kLikely[random() % 16] : random() % 256);
    const auto code = FunctionCode::decode(body, kTestEntry, elf::Machine::kAmd64);
    if (!code) continue;
    for (const auto& site : code->end_sites().value_or(std::vector<Site>{}))
      EXPECT_LE(site.instruction.end(), body.size());
    EXPECT_LE(code->start_site().value_or(Site{}).instruction.end(), body.size());
    EXPECT_LE(code->evacuation_done_site().value_or(Site{}).instruction.end(), body.size());
  }
}

std::string repeated(std::size_t count, std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += hex;
  return text;
}

// The graph of blocks is walked in linear time; a quadratic one would take
// minutes here.
TEST(FunctionCode, TakesTheLargestBodies) {
  constexpr std::size_t kBlocks = 65000;
  // jne +1; ret; ...
  EXPECT_EQ(decode_hex(repeated(kBlocks, "7501c3") + "c3")->return_sites()->size(), kBlocks + 1);
}

// What is asked of each instruction takes quadratic time, so there is a limit.
TEST(FunctionCode, LooksForTheEndOfAGrowthInBodiesOfAReasonableSize) {
  // jne +0; mov eax,ecx; ... before the pattern
  constexpr auto kEnd = "0fb6480883e1f7884808c3";
  EXPECT_TRUE(describe_done(repeated(2046, "750089c8") + kEnd).ends_with("stepped h=0"));
  EXPECT_EQ(describe_done(repeated(2047, "750089c8") + kEnd),
            "function at 0x401000: more than 4096 instructions");
}

}  // namespace
}  // namespace gomapd::code
