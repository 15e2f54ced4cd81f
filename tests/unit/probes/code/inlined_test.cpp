// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/inlined.h"

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

std::string describe(std::string_view hex, const Result<Site>& site) {
  return site ? describe_site(from_hex(hex), *site) : site.error().context;
}

// "+0x8 jle t=0 h=3"
std::string start_of(std::string_view hex, const InlinedCode& copy) {
  const auto code = decode_hex(hex);
  if (!code) return code.error().context;
  const auto site = code->inlined_start_site(copy, {});
  return site ? describe(hex, site) + " t=" + describe_location(site->type) +
                    " h=" + describe_location(site->hmap)
              : site.error().context;
}

std::string end_of(std::string_view hex, const InlinedCode& copy) {
  const auto code = decode_hex(hex);
  return code ? describe(hex, code->inlined_end_site(copy)) : code.error().context;
}

std::string done_in(std::string_view hex, const std::vector<InlinedCode>& copies) {
  const auto code = decode_hex(hex);
  if (!code) return code.error().context;
  const auto sites = code->evacuation_done_sites(copies);
  if (!sites) return sites.error().context;
  std::string text;
  for (const auto& site : *sites)
    text += (text.empty() ? "" : ", ") + describe_site(from_hex(hex), site) +
            " h=" + describe_location(site.hmap);
  return text;
}

InlinedCode copy(Offset begin, Offset end) {
  return {{{begin, end}}};
}

constexpr auto kNoStart =
    "function at 0x401000: no instruction tells that an inlined growth starts";
constexpr auto kNoEnd = "function at 0x401000: no instruction tells that an inlined call ends";

// push rbp; mov rbp,rsp; cmp [rbx],8; jle 1f; or byte [rbx+8],8;
// 1: inc byte [rbx+9]; mov word [rbx+0xa],0; pop rbp; ret
TEST(InlinedStart, IsABranchThatEachGrowthRunsBeforeItsFirstChange) {
  constexpr auto kCode = "55 4889e5 48833b08 7e04 804b0808 fe4309 66c7430a0000 5d c3";
  EXPECT_EQ(start_of(kCode, copy(0x4, 0x17)), "+0x8 jle t=0 h=3");
  EXPECT_EQ(start_of(kCode, {{{0x8, 0xa}, {0xe, 0x17}}}), "+0x8 jle t=0 h=3");
  // The branch is not the copy's.
  EXPECT_EQ(start_of(kCode, copy(0xa, 0x17)), kNoStart);
}

// mov [rsp+0x38],rbx; mov bl,[rbx+9]; call; mov rdx,[rsp+0x38]; ...
TEST(InlinedStart, IsACallWhoseCallerKeepsTheMapOnTheStack) {
  EXPECT_EQ(start_of("55 4889e5 4883ec20 48895c2438 8a5b09 e8f40f0000 488b542438 fe4209"
                     "66c7420a0000 4883c420 5d c3",
                     copy(0xd, 0x23)),
            "+0x10 call t=0 h=[rsp+0x38]");
}

// 2: cmp; jle 1f; nop; ...; jmp 2b; 1: as mapassign's `goto again`.
TEST(InlinedStart, MayLieInALoopThatRunsItAsOftenAsTheChange) {
  EXPECT_EQ(start_of("55 4889e5 48833b08 7e0c 90 fe4309 66c7430a0000 ebee 5d c3", copy(0xa, 0x14)),
            "+0xa nop t=0 h=3");
}

TEST(InlinedStart, IsRefusedAfterAChange) {
  // inc byte [rbx+9]; nop; mov word [rbx+0xa],0
  EXPECT_EQ(start_of("55 4889e5 fe4309 90 66c7430a0000 5d c3", copy(0x4, 0xe)), kNoStart);
}

TEST(InlinedStart, IsRefusedOnSomePathsOnly) {
  // cmovle ecx,edx; test ecx,ecx; jne +1; nop: only the nop is the copy's.
  constexpr auto kCode = "55 4889e5 48833b08 0f4eca 85c9 7501 90 66c7430a0000 5d c3";
  EXPECT_EQ(start_of(kCode, copy(0xf, 0x16)), kNoStart);
  EXPECT_EQ(start_of(kCode, copy(0xb, 0x16)), "+0xd jnz t=0 h=3");
}

// nop; test ecx,ecx; je 1f; mov word [rbx+0xa],0; 1:
TEST(InlinedStart, IsRefusedWhereTheChangeMayNotFollow) {
  EXPECT_EQ(start_of("55 4889e5 90 85c9 7406 66c7430a0000 5d c3", copy(0x4, 0xf)), kNoStart);
}

// mov [rsp+0x30],rax; mov [rsp+0x38],rbx; xor ebx,ebx; call; mov rax,[rsp+0x30];
// mov rdx,[rsp+0x38]; nop; mov word [rdx+0xa],0
TEST(InlinedStart, RatherHasItsArgumentsInRegisters) {
  constexpr auto kCode =
      "55 4889e5 4883ec20 4889442430 48895c2438 31db e8f40f0000 488b442430 488b542438 90"
      "66c7420a0000 4883c420 5d c3";
  EXPECT_EQ(start_of(kCode, copy(0x8, 0x2a)), "+0x23 nop t=0 h=2");
  EXPECT_EQ(start_of(kCode, {{{0x8, 0x23}, {0x24, 0x2a}}}), "+0x14 call t=0 h=[rsp+0x38]");
}

TEST(InlinedStart, IsRefusedWhereAnArgumentIsLost) {
  // xor eax,eax; nop
  EXPECT_EQ(start_of("55 4889e5 31c0 90 66c7430a0000 5d c3", copy(0x4, 0xd)), kNoStart);
  // No frame: the walk of the stack would skip the caller.
  EXPECT_EQ(start_of("90 66c7430a0000 c3", copy(0, 7)), kNoStart);
}

TEST(InlinedStart, IsRefusedWithoutTheOneChangeThatTellsIt) {
  const auto refusal = [](int count) {
    return "function at 0x401000: sets noverflow to 0 in " + std::to_string(count) +
           " places of an inlined call";
  };
  // Twice.
  EXPECT_EQ(start_of("55 4889e5 90 66c7430a0000 66c7430a0000 5d c3", copy(0x4, 0x11)), refusal(2));
  // Of another object: mov rcx,[rbx]; nop; mov word [rcx+0xa],0
  EXPECT_EQ(start_of("55 4889e5 488b0b 90 66c7410a0000 5d c3", copy(0x4, 0xe)), refusal(0));
  // Outside of the copy.
  EXPECT_EQ(start_of("55 4889e5 90 66c7430a0000 5d c3", copy(0x4, 0x5)), refusal(0));
  // To 1.
  EXPECT_EQ(start_of("55 4889e5 90 66c7430a0100 5d c3", copy(0x4, 0xb)), refusal(0));
}

// push rbp; test ecx,ecx; je 1f; nop; 2: call rsi; dec ecx; jne 2b; mov eax,1;
// nop; inc eax; 1: pop rbp; ret
TEST(InlinedEnd, IsTheLastEmulatedInstructionAfterTheCopying) {
  EXPECT_EQ(end_of("55 85c9 740f 90 ffd6 ffc9 75fa b801000000 90 ffc0 5d c3", copy(0x5, 0x14)),
            "+0x11 nop");
}

TEST(InlinedEnd, IsRefusedBeforeTheCopying) {
  EXPECT_EQ(end_of("55 85c9 7409 90 ffd6 ffc9 75fa ffc0 5d c3", copy(0x5, 0xe)),
            "function at 0x401000: an inlined call ends in its copying loop");
}

TEST(InlinedEnd, IsRefusedWhereACallMayEndWithoutIt) {
  // inc eax; test edx,edx; je 1f; nop; 1: pop rbp; ret
  EXPECT_EQ(end_of("55 85c9 7407 ffc0 85d2 7401 90 5d c3", copy(0xb, 0xc)), "+0xb nop");
  EXPECT_EQ(end_of("55 85c9 7407 ffc0 85d2 7401 90 5d c3", copy(0x5, 0xc)), "+0x9 jz");
  EXPECT_EQ(end_of("55 85c9 7407 ffc0 85d2 7401 90 5d c3", {{{0x5, 0x7}, {0xb, 0xc}}}), kNoEnd);
}

TEST(InlinedEnd, IsRefusedWithoutAnEmulatedInstruction) {
  EXPECT_EQ(end_of("55 85c9 7402 ffc0 90 5d c3", copy(0x5, 0x7)), kNoEnd);
}

TEST(InlinedEnd, IsRefusedInAFunctionWithAnIndirectJump) {
  EXPECT_EQ(end_of("90 ffe0", copy(0, 1)),
            "function at 0x401000: an indirect jump hides where it leads");
}

// push rbp; test edx,edx; je 1f; nop; <rax>; jmp 2f; 1: <rbx>; nop; 2: pop rbp; ret
constexpr auto kTwoEnds =
    "55 85d2 740d 90 0fb64808 83e1f7 884808 eb0b 0fb64b08 83e1f7 884b08 90 5d c3";

TEST(InlinedEvacuationDone, HasASiteInEachCopy) {
  EXPECT_EQ(done_in(kTwoEnds, {copy(0x5, 0x10), copy(0x12, 0x1c)}), "+0x5 nop h=0, +0x1c nop h=3");
}

TEST(InlinedEvacuationDone, MayLieInALoop) {
  // 3: test edx,edx; je 1f; nop; <rax>; 1: dec edi; jne 3b
  EXPECT_EQ(done_in("55 85d2 740b 90 0fb64808 83e1f7 884808 ffcf 75ed 5d c3", {copy(0x5, 0x10)}),
            "+0x5 nop h=0");
}

TEST(InlinedEvacuationDone, IsNoInstructionThatRunsMoreOrLessOften) {
  // nop; 1: <rax>; dec edi; jne 1b
  EXPECT_EQ(done_in("55 90 0fb64808 83e1f7 884808 ffcf 75f2 5d c3", {copy(0x1, 0xc)}),
            "+0xe jnz h=0");
  // 1: nop; dec edi; jne 1b; <rax>
  EXPECT_EQ(done_in("55 90 ffcf 75fb 0fb64808 83e1f7 884808 5d c3", {copy(0x1, 0x10)}),
            "+0x0 push rbp h=0");
}

TEST(InlinedEvacuationDone, IsRefusedWhereCopiesAndEndsDontMatch) {
  EXPECT_EQ(done_in(kTwoEnds, {copy(0x5, 0x1c)}),
            "function at 0x401000: clears sameSizeGrow in 2 places for 1 inlined calls");
  EXPECT_EQ(done_in("55 90 5d c3", {copy(0x1, 0x2)}),
            "function at 0x401000: clears sameSizeGrow in 0 places for 1 inlined calls");
  EXPECT_EQ(done_in(kTwoEnds, {copy(0x5, 0x1c), copy(0x1c, 0x1d)}),
            "function at 0x401000: an inlined call does not clear sameSizeGrow once");
}

bool runs_one(std::string_view hex, const std::vector<Offset>& instructions,
              const std::vector<elf::Vaddr>& callees) {
  return decode_hex(hex).value().runs_one_of(instructions, callees);
}

// test ecx,ecx; je 1f; call; jmp 2f; 1: call; 2: pop rbp; ret
TEST(RunsOneOf, IsTrueOfBranchesWithOneEach) {
  constexpr auto kCode = "55 85c9 7407 e8f70f0000 eb05 e8f10f0000 5d c3";
  EXPECT_TRUE(runs_one(kCode, {}, {kTestEntry + 0x1001, kTestEntry + 0x1002}));
  EXPECT_TRUE(runs_one(kCode, {0xc}, {kTestEntry + 0x1001}));
  EXPECT_FALSE(runs_one(kCode, {}, {kTestEntry + 0x1001}));
  EXPECT_FALSE(runs_one(kCode, {0x0, 0xc}, {kTestEntry + 0x1001}));
}

TEST(RunsOneOf, IsFalseWhereNoneMayRunOrSeveral) {
  // je 2f; call; 2:
  EXPECT_FALSE(runs_one("55 85c9 7405 e8f60f0000 5d c3", {}, {kTestEntry + 0x1000}));
  // call; call
  EXPECT_FALSE(runs_one("55 e8fa0f0000 e8f50f0000 5d c3", {}, {kTestEntry + 0x1000}));
  // 1: call; dec ecx; jne 1b
  EXPECT_FALSE(runs_one("55 e8fa0f0000 ffc9 75f7 5d c3", {}, {kTestEntry + 0x1000}));
  EXPECT_FALSE(runs_one("55 5d c3", {}, {}));
}

}  // namespace
}  // namespace gomapd::code
