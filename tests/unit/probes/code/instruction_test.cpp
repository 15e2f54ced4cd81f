// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/instruction.h"

#include <ostream>

#include "tests/unit/probes/code/code_test_support.h"

namespace gomapd::code {
namespace {

Result<std::vector<Instruction>> decode(std::string_view hex) {
  return decode_function(from_hex(hex), kTestEntry, elf::Machine::kAmd64);
}

// The first instruction of `hex`, followed by a RET.
Instruction first(std::string_view hex) {
  const auto instructions = decode(std::string(hex) + "c3 c3 c3 c3 c3");
  EXPECT_TRUE(instructions) << hex;
  return instructions ? instructions->front() : Instruction{};
}

struct Encoding {
  std::string_view hex;
  bool emulated;
  bool probeable;
};

void PrintTo(const Encoding& encoding, std::ostream* out) {
  *out << encoding.hex;
}

class UprobeTreatment : public testing::TestWithParam<Encoding> {};

TEST_P(UprobeTreatment, IsTheKernels) {
  const auto instruction = first(GetParam().hex);
  EXPECT_EQ(instruction.emulated, GetParam().emulated) << GetParam().hex;
  EXPECT_EQ(instruction.probeable, GetParam().probeable) << GetParam().hex;
}

INSTANTIATE_TEST_SUITE_P(
    Encodings, UprobeTreatment,
    testing::Values(Encoding{"55", true, true},                  // push rbp
                    Encoding{"54", true, true},                  // push rsp
                    Encoding{"41 57", true, true},               // push r15
                    Encoding{"48 55", false, true},              // push rbp with a useless REX.W
                    Encoding{"66 55", false, true},              // push bp
                    Encoding{"66 41 57", false, true},           // push r15w
                    Encoding{"ff f5", false, true},              // push rbp, the long form
                    Encoding{"6a 01", false, true},              // push 1
                    Encoding{"5d", false, true},                 // pop rbp
                    Encoding{"90", true, true},                  // nop
                    Encoding{"66 90", false, false},             // nop, refused before 6.2
                    Encoding{"49 90", false, false},             // xchg r8,rax, taken for a nop
                    Encoding{"f3 90", false, false},             // pause
                    Encoding{"0f 1f 00", false, true},           // nop [rax]
                    Encoding{"0f 1f 44 00 00", false, true},     // nop, five bytes
                    Encoding{"66 0f 1f 44 00 00", false, true},  // nop, six bytes
                    Encoding{"76 00", true, true},               // jbe, short
                    Encoding{"0f 86 00 00 00 00", true, true},   // jbe, near
                    Encoding{"eb 00", true, true},               // jmp, short
                    Encoding{"e9 00 00 00 00", true, true},      // jmp, near
                    Encoding{"e8 fb ef ff ff", true, true},      // call
                    Encoding{"2e 76 00", false, false},          // jbe with a branch hint
                    Encoding{"48 e9 00 00 00 00", false, true},  // jmp with a useless REX.W
                    Encoding{"e3 00", false, true},              // jrcxz
                    Encoding{"e2 00", false, true},              // loop
                    Encoding{"ff d0", false, true},              // call rax
                    Encoding{"c3", false, true},                 // ret
                    Encoding{"49 3b 66 10", false, true},        // cmp rsp,[r14+0x10]
                    Encoding{"64 48 8b 0c 25 f8 ff ff ff", false, true},  // mov rcx,fs:-8
                    Encoding{"0f b6 48 08", false, true},                 // movzx ecx,byte [rax+8]
                    Encoding{"f0 48 0f b1 0b", false, false},             // lock cmpxchg
                    Encoding{"cc", false, false},                         // int3
                    Encoding{"f4", false, false},                         // hlt
                    Encoding{"0f 05", false, false},                      // syscall
                    Encoding{"0f 0b", false, false},                      // ud2
                    Encoding{"0f ae f0", false, false},                   // mfence
                    Encoding{"c5 f8 77", false, false}));                 // vzeroupper

struct Writing {
  std::string_view hex;
  RegisterSet writes;
};

void PrintTo(const Writing& writing, std::ostream* out) {
  *out << writing.hex;
}

constexpr RegisterSet set(std::initializer_list<Register> registers) {
  RegisterSet result = 0;
  for (const auto reg : registers) result |= set_of(reg);
  return result;
}

class Writes : public testing::TestWithParam<Writing> {};

TEST_P(Writes, CoverImplicitOperandsAndPartsOfRegisters) {
  EXPECT_EQ(first(GetParam().hex).writes, GetParam().writes) << GetParam().hex;
}

INSTANTIATE_TEST_SUITE_P(
    Instructions, Writes,
    testing::Values(
        Writing{"48 89 d8", set({Register::kRax})},                  // mov rax,rbx
        Writing{"b1 01", set({Register::kRcx})},                     // mov cl,1
        Writing{"b7 01", set({Register::kRbx})},                     // mov bh,1
        Writing{"41 88 c0", set({Register::kR8})},                   // mov r8b,al
        Writing{"88 48 08", 0},                                      // mov [rax+8],cl
        Writing{"48 39 d8", 0},                                      // cmp rax,rbx
        Writing{"55", set({Register::kRsp})},                        // push rbp
        Writing{"5d", set({Register::kRsp, Register::kRbp})},        // pop rbp
        Writing{"48 f7 e3", set({Register::kRax, Register::kRdx})},  // mul rbx
        Writing{"48 93", set({Register::kRax, Register::kRbx})},     // xchg rbx,rax
        Writing{"f3 48 a5", set({Register::kRcx, Register::kRsi, Register::kRdi})},  // rep movsq
        Writing{"0f a2", set({Register::kRax, Register::kRbx, Register::kRcx, Register::kRdx})},
        Writing{"e8 fb ef ff ff", 0xffef},  // call
        Writing{"ff d0", 0xffef}));         // call rax

TEST(DecodeFunction, FollowsControlFlowOverData) {
  // jmp +2; two bytes that are no instruction; ret
  const auto instructions = decode("eb 02 06 06 c3");
  ASSERT_TRUE(instructions);
  ASSERT_EQ(instructions->size(), 2U);
  EXPECT_EQ(instructions->back().offset, 4U);
  EXPECT_EQ(instructions->back().flow, Flow::kReturn);
}

TEST(DecodeFunction, StatesTargetsInsideAndOutside) {
  // jbe +3 (to 5); jmp out; ret
  const auto instructions = decode("76 05 e9 f9 0f 00 00 c3");
  ASSERT_TRUE(instructions);
  EXPECT_EQ(instructions->at(0).condition, Condition::kBelowOrEqual);
  EXPECT_EQ(instructions->at(0).target, Offset{7});
  EXPECT_EQ(instructions->at(0).target_address, kTestEntry + 7);
  EXPECT_EQ(instructions->at(1).target, std::nullopt);
  EXPECT_EQ(instructions->at(1).target_address, kTestEntry + 0x1000);
}

TEST(DecodeFunction, SeesWhereTheFramePointerIsSet) {
  EXPECT_TRUE(first("48 89 e5").links_frame);         // mov rbp,rsp
  EXPECT_TRUE(first("48 8d 6c 24 30").links_frame);   // lea rbp,[rsp+0x30]
  EXPECT_FALSE(first("48 8b 6c 24 30").links_frame);  // mov rbp,[rsp+0x30]
  EXPECT_FALSE(first("48 8d 6c 0c 30").links_frame);  // lea rbp,[rsp+rcx+0x30]
}

TEST(DecodeFunction, EndsAfterACallThatNeverReturns) {
  const auto never = [](elf::Vaddr address) { return address == kTestEntry + 0x1000; };
  // call +0x1000; bytes that are no instruction
  const auto bytes = from_hex("e8 fb 0f 00 00 06 06");
  const auto instructions = decode_function(bytes, kTestEntry, elf::Machine::kAmd64, never);
  ASSERT_TRUE(instructions);
  EXPECT_TRUE(instructions->front().never_returns);
  EXPECT_FALSE(decode_function(bytes, kTestEntry, elf::Machine::kAmd64));
}

struct BadBody {
  std::string_view hex;
  std::string_view says;
};

void PrintTo(const BadBody& body, std::ostream* out) {
  *out << '"' << body.hex << '"';
}

class BadBodies : public testing::TestWithParam<BadBody> {};

TEST_P(BadBodies, AreRefused) {
  const auto instructions = decode(GetParam().hex);
  ASSERT_FALSE(instructions);
  EXPECT_NE(instructions.error().context.find(GetParam().says), std::string::npos)
      << instructions.error().context;
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, BadBodies,
    testing::Values(BadBody{"", "no bytes"}, BadBody{"06", "+0x0: no instruction"},
                    BadBody{"55 06", "+0x1: no instruction"}, BadBody{"48", "no instruction"},
                    BadBody{"55", "control runs past its end"},
                    BadBody{"76 00", "control runs past its end"},
                    BadBody{"b8 90 90 90 90 eb fa", "+0x1: a jump into the middle"},
                    BadBody{"74 01 b8 c3 00 00 00 c3", "+0x3: a jump into the middle"},
                    // jmp +1; jne to the byte that was left out, which begins a mov over the jne
                    BadBody{"eb 01 b8 75 fd c3 c3", "+0x2: instructions overlap"},
                    BadBody{"66 e9 00 00 c3", "no instruction"},
                    BadBody{"e8 00 00 00 00 c3", "calls into the function's own body"}));

TEST(DecodeFunction, RefusesOtherMachines) {
  const auto other = decode_function(from_hex("c0035fd6"), kTestEntry, elf::Machine::kOther);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kUnsupported);
  EXPECT_NE(other.error().context.find("only amd64 and arm64"), std::string::npos);
}

TEST(DecodeFunction, CapsTheBody) {
  const std::vector<std::byte> nops((1U << 20U) + 1, std::byte{0x90});
  EXPECT_FALSE(decode_function(nops, kTestEntry, elf::Machine::kAmd64));
  EXPECT_FALSE(decode_function(Bytes(nops).first(1U << 18U), kTestEntry, elf::Machine::kAmd64));
}

TEST(DecodeFunction, SurvivesAnEntryAtTheEndOfTheAddressSpace) {
  const auto code =
      decode_function(from_hex("eb 00 75 fc c3"), ~elf::Vaddr{0} - 2, elf::Machine::kAmd64);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->size(), 3U);
}

TEST(Format, WritesIntelSyntaxWithFileAddresses) {
  const auto body = from_hex("76 01 55 c3");
  const auto instructions = decode("76 01 55 c3");
  ASSERT_TRUE(instructions);
  EXPECT_EQ(format(body, kTestEntry, elf::Machine::kAmd64, instructions->at(0)), "jbe 0x401003");
  EXPECT_EQ(format(body, kTestEntry, elf::Machine::kAmd64, instructions->at(1)), "push rbp");
  EXPECT_EQ(format({}, kTestEntry, elf::Machine::kAmd64, instructions->at(1)), "?");
}

}  // namespace
}  // namespace gomapd::code
