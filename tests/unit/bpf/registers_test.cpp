// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/unit/bpf/native.h"

namespace {

// linux arch/x86/include/asm/ptrace.h: the places of struct pt_regs, in words.
enum Amd64 { kR15, kR14, kR13, kR12, kBp, kBx, kR11, kR10, kR9, kR8, kAx, kCx, kDx, kSi, kDi };
constexpr std::size_t kIp = 16;
constexpr std::size_t kFlags = 18;
constexpr std::size_t kSpOfAmd64 = 19;
// linux arch/arm64/include/uapi/asm/ptrace.h: x0 to x30, then these.
constexpr std::size_t kSpOfArm64 = 31;
constexpr std::size_t kPc = 32;
constexpr std::size_t kPstate = 33;

// Saved registers, each with a value of its own.
using Context = std::array<__u64, 34>;
Context context() {
  Context words{};
  for (std::size_t i = 0; i < words.size(); ++i) words.at(i) = 0x100 + i;
  return words;
}

// The target's memory: words from kStack on.
constexpr __u64 kStack = 0xc000100000;
std::vector<__u64> memory;

seen seen_on_amd64(const Context& words, const gm_site& site = {}) {
  seen seen{};
  see_amd64(words.data(), &site, &seen);
  return seen;
}

seen seen_on_arm64(const Context& words, const gm_site& site = {}) {
  seen seen{};
  see_arm64(words.data(), &site, &seen);
  return seen;
}

std::vector<__u64> pcs(const walked& walked) {
  return {walked.stack.pcs, walked.stack.pcs + walked.stack.count};
}

TEST(Registers, AreWhereGoKeepsThingsOnAmd64) {
  const auto words = context();
  const auto seen = seen_on_amd64(words);
  EXPECT_EQ(seen.pc, words[kIp]);
  EXPECT_EQ(seen.sp, words[kSpOfAmd64]);
  EXPECT_EQ(seen.frame_pointer, words[kBp]);
  EXPECT_EQ(seen.first, words[kAx]);
  EXPECT_EQ(seen.second, words[kBx]);
  EXPECT_EQ(seen.third, words[kCx]);
  EXPECT_EQ(seen.g, words[kR14]);
}

TEST(Registers, AreWhereGoKeepsThingsOnArm64) {
  const auto words = context();
  const auto seen = seen_on_arm64(words);
  EXPECT_EQ(seen.pc, words[kPc]);
  EXPECT_EQ(seen.sp, words[kSpOfArm64]);
  EXPECT_EQ(seen.frame_pointer, words[29]);
  EXPECT_EQ(seen.link_register, words[30]);
  EXPECT_EQ(seen.first, words[0]);
  EXPECT_EQ(seen.second, words[1]);
  EXPECT_EQ(seen.third, words[2]);
  EXPECT_EQ(seen.g, words[28]);
}

// Go <= 1.17 passes arguments on the stack there, and has g in x28 all the same.
TEST(Registers, HoldGInEachReleaseOnArm64) {
  gm_site site{};
  site.stack_abi = 1;
  const auto words = context();
  EXPECT_EQ(seen_on_arm64(words, site).g, words[28]);
}

// Intel SDM vol. 1, 3.4.1.1. 4 is rsp, from which nothing is read by number.
TEST(Registers, HaveTheHardwaresNumbersOnAmd64) {
  const auto words = context();
  const auto seen = seen_on_amd64(words);
  constexpr std::array kByNumber{kAx, kCx, kDx,  kBx,  kAx,  kBp,  kSi,  kDi,
                                 kR8, kR9, kR10, kR11, kR12, kR13, kR14, kR15};
  for (std::size_t i = 0; i < kByNumber.size(); ++i)
    EXPECT_EQ(seen.numbered[i], i == 4 ? 0 : words.at(kByNumber.at(i))) << i;
}

TEST(Registers, HaveTheHardwaresNumbersOnArm64) {
  const auto words = context();
  const auto seen = seen_on_arm64(words);
  for (std::size_t i = 0; i < 31; ++i) EXPECT_EQ(seen.numbered[i], words.at(i)) << i;
  EXPECT_EQ(seen.numbered[31], 0U);
}

// jbe: CF (bit 0) or ZF (bit 6) is set.
TEST(Registers, TellWhetherTheBranchIsTakenOnAmd64) {
  auto words = context();
  for (const __u64 other : {0x0ULL, 0xffffffbeULL})
    for (const auto& [flags, taken] : {std::pair{0x0ULL, 0}, std::pair{0x1ULL, 1},
                                       std::pair{0x40ULL, 1}, std::pair{0x41ULL, 1}}) {
      words[kFlags] = other | flags;
      EXPECT_EQ(seen_on_amd64(words).branch_is_taken, taken) << std::hex << words[kFlags];
    }
}

// b.ls: C (bit 29) is clear or Z (bit 30) is set.
TEST(Registers, TellWhetherTheBranchIsTakenOnArm64) {
  auto words = context();
  for (const __u64 other : {0x0ULL, 0x9fffffffULL})
    for (const auto& [flags, taken] : {std::pair{0x0ULL, 1}, std::pair{0x20000000ULL, 0},
                                       std::pair{0x40000000ULL, 1}, std::pair{0x60000000ULL, 1}}) {
      words[kPstate] = other | flags;
      EXPECT_EQ(seen_on_arm64(words).branch_is_taken, taken) << std::hex << words[kPstate];
    }
}

// Three calls: frames at +2, +5 and +9 words, the outermost one's caller unknown.
class Stack : public testing::Test {
 protected:
  void SetUp() override {
    memory.assign(160, 0);
    link(2, 5, 0x501);
    link(5, 9, 0x502);
    link(9, 0, 0x503);
  }

  static __u64 at(std::size_t word) { return kStack + 8 * word; }
  static void link(std::size_t frame, std::size_t caller, __u64 returns) {
    memory.at(frame) = caller == 0 ? 0 : at(caller);
    memory.at(frame + 1) = returns;
  }
};

TEST_F(Stack, BeginsAtTheSiteInAFrameOfItsOwn) {
  gm_site site{};
  site.frame_linked = 1;
  auto words = context();
  words[kBp] = words[29] = at(2);
  walked amd64{};
  walk_amd64(words.data(), &site, &amd64);
  // As a return address would lie behind it.
  EXPECT_EQ(pcs(amd64), (std::vector<__u64>{words[kIp] + 1, 0x501, 0x502, 0x503}));
  EXPECT_EQ(amd64.hash, amd64.hash_by_pieces);
  walked arm64{};
  walk_arm64(words.data(), &site, &arm64);
  EXPECT_EQ(pcs(arm64), (std::vector<__u64>{words[kPc] + 1, 0x501, 0x502, 0x503}));
  EXPECT_EQ(arm64.hash, arm64.hash_by_pieces);
}

// Before the prologue: whose frame it is is the caller's.
TEST_F(Stack, BeginsAtTheReturnAddressBeforeTheFrame) {
  const gm_site site{};
  auto words = context();
  words[kBp] = words[29] = at(2);
  words[kSpOfAmd64] = at(0);
  memory[0] = 0x500;
  walked amd64{};
  walk_amd64(words.data(), &site, &amd64);
  EXPECT_EQ(pcs(amd64), (std::vector<__u64>{0x500, 0x501, 0x502, 0x503}));
  EXPECT_EQ(amd64.hash, amd64.hash_by_pieces);
  // On arm64 it is in x30, and what lies at sp is somebody else's.
  words[30] = 0x4ff;
  words[kSpOfArm64] = at(0);
  walked arm64{};
  walk_arm64(words.data(), &site, &arm64);
  EXPECT_EQ(pcs(arm64), (std::vector<__u64>{0x4ff, 0x501, 0x502, 0x503}));
  EXPECT_EQ(arm64.hash, arm64.hash_by_pieces);
}

}  // namespace

int read_target(void* to, __u32 size, __u64 address) {
  const auto begin = address - kStack;
  if (begin > 8 * memory.size() || size > 8 * memory.size() - begin) return -1;
  std::memcpy(to, reinterpret_cast<const char*>(memory.data()) + begin, size);
  return 0;
}
