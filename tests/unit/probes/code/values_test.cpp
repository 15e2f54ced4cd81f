// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/values.h"

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

std::optional<Uses> uses_in(std::string_view hex, const Preserves& preserves = {}) {
  const auto body = from_hex(hex);
  const auto instructions = decode_function(body, kTestEntry, elf::Machine::kAmd64);
  if (!instructions) return std::nullopt;
  return uses_of(body, *instructions, preserves);
}

TEST(Values, FollowAFieldIntoItsDoubleAndAComparison) {
  const auto uses = uses_in(
      "0f b7 50 02"     // movzx edx, word [rax+2]
      "8d 3c 12"        // lea edi, [rdx+rdx]
      "66 81 ff 00 04"  // cmp di, 0x400
      "77 05"           // ja
      "e8 00 10 00 00"  // call
      "c3");
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->accesses.size(), 1U);
  EXPECT_EQ(uses->accesses[0].argument, Register::kRax);
  EXPECT_EQ(uses->accesses[0].displacement, 2);
  EXPECT_EQ(uses->accesses[0].bytes, 2U);
  EXPECT_FALSE(uses->accesses[0].writes);
  ASSERT_EQ(uses->comparisons.size(), 1U);
  EXPECT_EQ(uses->comparisons[0].value, (Value{Value::Kind::kTwice, Register::kRax, 2, 2}));
  EXPECT_EQ(uses->comparisons[0].limit, 0x400);
  ASSERT_TRUE(uses->comparisons[0].branch);
  EXPECT_EQ(static_cast<int>(uses->comparisons[0].branch->condition), 7);
  ASSERT_EQ(uses->calls.size(), 1U);
  EXPECT_EQ(uses->calls[0].registers[3], (Value{Value::Kind::kArgument, Register::kRbx, 8, 0}));
}

TEST(Values, FollowAnArgumentThroughItsStackSlot) {
  const auto uses = uses_in(
      "48 83 ec 18"     // sub rsp, 0x18
      "48 89 44 24 08"  // mov [rsp+8], rax
      "e8 00 10 00 00"  // call
      "48 8b 4c 24 08"  // mov rcx, [rsp+8]
      "c6 41 21 40"     // mov byte [rcx+0x21], 0x40
      "48 83 c4 18 c3");
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->accesses.size(), 1U);
  EXPECT_EQ(uses->accesses[0].argument, Register::kRax);
  EXPECT_EQ(uses->accesses[0].displacement, 0x21);
  EXPECT_TRUE(uses->accesses[0].writes);
  EXPECT_EQ(uses->accesses[0].stored, (Value{Value::Kind::kConstant, Register::kNone, 0, 0x40}));
}

TEST(Values, KnowNoSlotThatWasPartlyOverwritten) {
  const auto uses = uses_in(
      "48 83 ec 18"     // sub rsp, 0x18
      "48 89 44 24 08"  // mov [rsp+8], rax
      "c6 44 24 09 00"  // mov byte [rsp+9], 0
      "48 8b 4c 24 08"  // mov rcx, [rsp+8]
      "48 8b 11"        // mov rdx, [rcx]
      "48 83 c4 18 c3");
  ASSERT_TRUE(uses);
  EXPECT_TRUE(uses->accesses.empty());
}

TEST(Values, KnowOnlyWhatHoldsOnEveryPath) {
  const auto uses = uses_in(
      "48 85 db"  // test rbx, rbx
      "74 03"     // jz
      "48 89 d8"  // mov rax, rbx
      "48 8b 08"  // mov rcx, [rax]
      "c3");
  ASSERT_TRUE(uses);
  EXPECT_TRUE(uses->accesses.empty());
}

TEST(Values, AreLostInACallButForG) {
  constexpr auto kBody =
      "e8 00 10 00 00"  // call
      "48 8b 08"        // mov rcx, [rax]
      "49 8b 4e 30"     // mov rcx, [r14+0x30]
      "c3";
  const auto uses = uses_in(kBody);
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->accesses.size(), 1U);
  EXPECT_EQ(uses->accesses[0].argument, Register::kR14);
  const auto kept = uses_in(kBody, [](elf::Vaddr) { return true; });
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->accesses.size(), 2U);
}

TEST(Values, OfALoopAreWhatEveryRoundHas) {
  const auto uses = uses_in(
      "48 8b 08"     // mov rcx, [rax]
      "48 8b 13"     // mov rdx, [rbx]
      "48 8b 40 08"  // mov rax, [rax+8]
      "eb f4");      // jmp to the start
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->accesses.size(), 1U);
  EXPECT_EQ(uses->accesses[0].argument, Register::kRbx);
}

TEST(Values, OfAFunctionThatJumpsAnywhereAreUnknown) {
  EXPECT_FALSE(uses_in("48 8b 08 ff e1"));  // mov rcx, [rax]; jmp rcx
}

}  // namespace
}  // namespace gomapd::code
