// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <ostream>
#include <random>
#include <set>

#include "probes/code/architecture.h"
#include "probes/code/arm64_encoding.h"
#include "tests/unit/probes/code/code_test_support.h"

// A64, one instruction at a time. The encodings are llvm-mc's.

namespace gomapd::code {
namespace {

using arm64_encoding::Class;
using arm64_encoding::Word;

std::vector<std::byte> bytes_of(Word word) {
  std::vector<std::byte> bytes(4);
  std::memcpy(bytes.data(), &word, 4);
  return bytes;
}

Result<std::vector<Instruction>> decode(std::string_view words) {
  return decode_function(from_words(words), kTestEntry, elf::Machine::kArm64);
}

struct Encoding {
  std::string_view words;
  bool emulated;
  bool probeable;
  std::string_view text;
};

void PrintTo(const Encoding& encoding, std::ostream* out) {
  *out << encoding.text;
}

class Arm64Uprobe : public testing::TestWithParam<Encoding> {};

TEST_P(Arm64Uprobe, IsTreatedAsByTheKernel) {
  const auto body = from_words(GetParam().words);
  const auto instruction = arm64().decode(body, kTestEntry, 0);
  ASSERT_TRUE(instruction) << GetParam().text;
  EXPECT_EQ(instruction->emulated, GetParam().emulated) << GetParam().text;
  EXPECT_EQ(instruction->probeable, GetParam().probeable) << GetParam().text;
  EXPECT_EQ(format(body, kTestEntry, elf::Machine::kArm64, *instruction), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Encodings, Arm64Uprobe,
    testing::Values(Encoding{"540000c9", true, true, "b.ls 0x401018"},
                    Encoding{"b4000041", true, true, "cbz x1, 0x401008"},
                    Encoding{"35ffffc2", true, true, "cbnz w2, 0x400ff8"},
                    Encoding{"b6400043", true, true, "tbz x3, #40, 0x401008"},
                    Encoding{"37180043", true, true, "tbnz w3, #3, 0x401008"},
                    Encoding{"17fffffe", true, true, "b 0x400ff8"},
                    Encoding{"94000400", true, true, "bl 0x402000"},
                    Encoding{"d61f0360", true, true, "br x27"},
                    Encoding{"d63f0020", true, true, "blr x1"},
                    Encoding{"d65f03c0", true, true, "ret"},
                    Encoding{"d65f00a0", true, true, "ret x5"},
                    Encoding{"10000065", true, true, "adr x5, 0x40100c"},
                    Encoding{"d0000005", true, true, "adrp x5, 0x403000"},
                    // Emulated since 6.13 only.
                    Encoding{"d503201f", false, true, "nop"},
                    Encoding{"f81c0ffe", false, true, "str x30, [sp, #-0x40]!"},
                    Encoding{"f84407fe", false, true, "ldr x30, [sp], #0x40"},
                    Encoding{"f81f83fd", false, true, "stur x29, [sp, #-0x8]"},
                    Encoding{"a9bf7bfd", false, true, "stp x29, x30, [sp, #-0x10]!"},
                    Encoding{"a97ffbfd", false, true, "ldp x29, x30, [sp, #-0x8]"},
                    Encoding{"39402001", false, true, "ldrb w1, [x0, #0x8]"},
                    Encoding{"39002001", false, true, "strb w1, [x0, #0x8]"},
                    Encoding{"7900143f", false, true, "strh wzr, [x1, #0xa]"},
                    Encoding{"f9400b90", false, true, "ldr x16, [x28, #0x10]"},
                    Encoding{"d10023fd", false, true, "sub x29, sp, #0x8"},
                    Encoding{"d13e83f1", false, true, "sub x17, sp, #0xfa0"},
                    Encoding{"eb3063ff", false, true, ".inst 0xeb3063ff"},  // cmp sp,x16
                    Encoding{"927cf821", false, true, ".inst 0x927cf821"},  // and x1,x1,#~8
                    Encoding{"c8dffc20", false, true, ".inst 0xc8dffc20"},  // ldar
                    Encoding{"d5033bbf", false, true, ".inst 0xd5033bbf"},  // dmb ish
                    // Refused, or refused by some kernels.
                    Encoding{"58000040", false, false, ".inst 0x58000040"},    // ldr of a literal
                    Encoding{"98000040", false, false, ".inst 0x98000040"},    // ldrsw of one
                    Encoding{"d8000040", false, false, ".inst 0xd8000040"},    // prfm of one
                    Encoding{"c85f7c20", false, false, ".inst 0xc85f7c20"},    // ldxr
                    Encoding{"c802fc20", false, false, ".inst 0xc802fc20"},    // stlxr
                    Encoding{"d503203f", false, false, ".inst 0xd503203f"},    // yield
                    Encoding{"d503245f", false, false, ".inst 0xd503245f"},    // bti c
                    Encoding{"d503233f", false, false, ".inst 0xd503233f"},    // paciasp
                    Encoding{"d4000001", false, false, ".inst 0xd4000001"},    // svc
                    Encoding{"d4200020", false, false, ".inst 0xd4200020"},    // brk
                    Encoding{"00000007", false, false, ".inst 0x00000007"},    // udf
                    Encoding{"d51b4400", false, false, ".inst 0xd51b4400"},    // msr
                    Encoding{"d53bd040", false, false, ".inst 0xd53bd040"},    // mrs
                    Encoding{"d50b7420", false, false, ".inst 0xd50b7420"},    // dc zva
                    Encoding{"d65f0bff", false, false, ".inst 0xd65f0bff"}));  // retaa

constexpr RegisterSet set(std::initializer_list<unsigned> registers) {
  RegisterSet result = 0;
  for (const auto reg : registers) result |= RegisterSet{1} << reg;
  return result;
}

struct Writing {
  std::string_view words;
  RegisterSet writes;
};

void PrintTo(const Writing& writing, std::ostream* out) {
  *out << writing.words;
}

class Arm64Writes : public testing::TestWithParam<Writing> {};

TEST_P(Arm64Writes, CoverPairsWritebackAndTheStackPointer) {
  const auto instruction = arm64().decode(from_words(GetParam().words), kTestEntry, 0);
  ASSERT_TRUE(instruction) << GetParam().words;
  EXPECT_EQ(instruction->writes, GetParam().writes) << GetParam().words;
}

INSTANTIATE_TEST_SUITE_P(Instructions, Arm64Writes,
                         testing::Values(Writing{"f9400b90", set({16})},      // ldr x16,[x28,#16]
                                         Writing{"eb3063ff", 0},              // cmp sp,x16
                                         Writing{"f81c0ffe", set({31})},      // str x30,[sp,#-64]!
                                         Writing{"f81f83fd", 0},              // stur x29,[sp,#-8]
                                         Writing{"d10023fd", set({29})},      // sub x29,sp,#8
                                         Writing{"a97ffbfd", set({29, 30})},  // ldp, no writeback
                                         Writing{"a8c17bfd", set({29, 30, 31})},  // ldp post
                                         Writing{"f84407fe", set({30, 31})},  // ldr x30,[sp],#64
                                         Writing{"910103ff", set({31})},      // add sp,sp,#64
                                         Writing{"d13e83f1", set({17})},      // sub x17,sp,#4000
                                         Writing{"927cf821", set({1})},       // and x1,x1,#~8
                                         Writing{"f27d005f", 0},              // tst x2,#8
                                         Writing{"f100143f", 0},              // cmp x1,#5
                                         Writing{"8b2263e1", set({1})},       // add x1,sp,x2
                                         Writing{"fa42102f", 0},              // ccmp: no x15
                                         Writing{"9b061d07", set({7})},       // madd x7,x8,x6,x7
                                         Writing{"3cc10420", set({1})},       // ldr q0,[x1],#16
                                         Writing{"f8637841", set({1})},       // ldr x1,[x2,x3]
                                         Writing{"f8236841", 0},              // str x1,[x2,x3]
                                         Writing{"ad4107e0", 0},              // ldp q0,q1,[sp,#32]
                                         Writing{"a9017fff", 0},              // stp xzr,xzr
                                         Writing{"4cdf7020", set({1})},       // ld1, post-index
                                         Writing{"9e660003", set({3})},       // fmov x3,d0
                                         Writing{"f9800020", 0},              // prfm
                                         Writing{"90000005", set({5})},       // adrp x5
                                         Writing{"d53bd040", set({0})},       // mrs x0
                                         Writing{"94000400", 0x7fffffff},     // bl
                                         Writing{"d63f0020", 0x7fffffff}));   // blr x1

TEST(Arm64Decode, NamesTheConditionsOfTheStackCheckOnly) {
  const auto condition = [](Word code) {
    return arm64().decode(bytes_of(0x54000040 | code), kTestEntry, 0)->condition;
  };
  EXPECT_EQ(condition(9), Condition::kBelowOrEqual);  // ls
  EXPECT_EQ(condition(3), Condition::kBelow);         // lo
  for (const Word other : {0U, 1U, 2U, 4U, 6U, 8U, 10U, 13U})
    EXPECT_EQ(condition(other), Condition::kNone) << other;
}

TEST(Arm64Decode, SeesFlow) {
  const auto flow = [](Word word) { return arm64().decode(bytes_of(word), kTestEntry, 0)->flow; };
  EXPECT_EQ(flow(0x540000c9), Flow::kConditional);
  EXPECT_EQ(flow(0x37180043), Flow::kConditional);
  EXPECT_EQ(flow(0x17fffffe), Flow::kJump);
  EXPECT_EQ(flow(0x94000400), Flow::kCall);
  EXPECT_EQ(flow(0xd63f0020), Flow::kIndirectCall);
  EXPECT_EQ(flow(0xd61f0360), Flow::kIndirectJump);
  EXPECT_EQ(flow(0xd65f03c0), Flow::kReturn);
  EXPECT_EQ(flow(0xd65f0bff), Flow::kReturn);  // retaa
  EXPECT_EQ(flow(0xd4200020), Flow::kTrap);    // brk
  EXPECT_EQ(flow(0xbea71700), Flow::kTrap);    // Go's UNDEF
  EXPECT_EQ(flow(0xd4000001), Flow::kNext);    // svc
}

struct Reach {
  Word word;
  std::int64_t distance;
};

void PrintTo(const Reach& reach, std::ostream* out) {
  *out << "0x" << std::hex << reach.word << std::dec;
}

class Arm64Reach : public testing::TestWithParam<Reach> {};

TEST_P(Arm64Reach, GoesAsFarAsTheFieldSays) {
  const elf::Vaddr entry = 0x40000000;
  const auto instruction = arm64().decode(bytes_of(GetParam().word), entry, 0);
  ASSERT_TRUE(instruction);
  EXPECT_EQ(instruction->target_address, entry + static_cast<elf::Vaddr>(GetParam().distance));
  // Around both ends of the address space.
  EXPECT_EQ(arm64().decode(bytes_of(GetParam().word), 0, 0)->target_address,
            static_cast<elf::Vaddr>(GetParam().distance));
  EXPECT_EQ(arm64().decode(bytes_of(GetParam().word), ~elf::Vaddr{3}, 0)->target_address,
            static_cast<elf::Vaddr>(GetParam().distance) - 4);
}

INSTANTIATE_TEST_SUITE_P(Branches, Arm64Reach,
                         testing::Values(Reach{0x15ffffff, 0x7fffffc},
                                         Reach{0x16000000, -0x8000000},
                                         Reach{0x95ffffff, 0x7fffffc},
                                         Reach{0x96000000, -0x8000000}, Reach{0x547fffe9, 0xffffc},
                                         Reach{0x54800009, -0x100000}, Reach{0xb47fffe0, 0xffffc},
                                         Reach{0xb5800000, -0x100000}, Reach{0x3603ffe0, 0x7ffc},
                                         Reach{0xb7fc0000, -0x8000}, Reach{0x14000000, 0}));

// ldxr; add; stxr; add: the first three are no place for a probe.
TEST(Arm64Decode, TakesNoProbeInAnExclusiveSequence) {
  const auto body = from_words("c85f7c20 54000040 c802fc20 54000040 d65f03c0");
  const auto probeable = [&](Offset offset) {
    return arm64().decode(body, kTestEntry, offset)->probeable;
  };
  EXPECT_FALSE(probeable(0));
  EXPECT_FALSE(probeable(4));
  EXPECT_FALSE(arm64().decode(body, kTestEntry, 4)->emulated);
  EXPECT_FALSE(probeable(8));
  EXPECT_TRUE(probeable(12));
  EXPECT_TRUE(arm64().decode(body, kTestEntry, 12)->emulated);
}

TEST(Arm64Decode, RefusesWhatItDoesNotKnow) {
  for (const auto* words : {"04000000", "85800000", "19000400", "d548000a", "d6800000", "54000050"})
    EXPECT_FALSE(decode(words)) << words;  // SVE, SVE, MOPS, SYSP, unallocated, BC.cond
}

TEST(Arm64Decode, RefusesAnEntryBetweenInstructions) {
  const auto body = from_words("d65f03c0");
  for (const elf::Vaddr past : {1U, 2U, 3U})
    EXPECT_FALSE(decode_function(body, kTestEntry + past, elf::Machine::kArm64)) << past;
}

TEST(Arm64Decode, RefusesATruncatedInstruction) {
  const auto body = from_words("d503201f d65f03c0");
  EXPECT_TRUE(decode_function(body, kTestEntry, elf::Machine::kArm64));
  for (std::size_t size = 0; size < body.size(); ++size) {
    // A function may end in a nop.
    if (size == 4) continue;
    EXPECT_FALSE(decode_function(Bytes(body).first(size), kTestEntry, elf::Machine::kArm64))
        << size;
    const auto rest = Bytes(body).subspan(size);
    if (rest.size() < 4) {
      EXPECT_FALSE(arm64().operation(rest));
      EXPECT_EQ(arm64().format(rest, kTestEntry), "");
    }
  }
}

// What holds for each word that there is: a sample of random ones, and those at
// the borders of every class (one bit away from its members).
void check_any(Word word) {
  const auto bytes = bytes_of(word);
  const auto instruction = arm64().decode(bytes, kTestEntry, 0);
  const auto operation = arm64().operation(bytes);
  EXPECT_NE(arm64().format(bytes, kTestEntry), "") << std::hex << word;
  ASSERT_EQ(instruction.has_value(), operation.has_value()) << std::hex << word;
  if (!instruction) return;
  EXPECT_EQ(instruction->length, 4U);
  EXPECT_TRUE(!instruction->emulated || instruction->probeable) << std::hex << word;
  EXPECT_EQ(instruction->target,
            instruction->target_address == kTestEntry && instruction->flow != Flow::kCall
                ? std::optional<Offset>(0)
                : std::nullopt)
      << std::hex << word;
  if (instruction->target_address != 0) {
    EXPECT_EQ(instruction->target_address % 4, 0U) << std::hex << word;
    EXPECT_LE(instruction->target_address - kTestEntry + 0x8000000, 0x10000000U);
  }
  // A loaded register is a written one.
  for (const auto& access : operation->memory()) {
    if (access.reads && !access.writes && access.value != Register::kNone) {
      EXPECT_NE(instruction->writes & set_of(access.value), 0U) << std::hex << word;
    }
    EXPECT_LE(access.bytes, 64U);
  }
  if (operation->copy) {
    EXPECT_EQ(instruction->writes & ~set_of(operation->copy->to), 0U) << std::hex << word;
  }
}

TEST(Arm64Decode, SurvivesRandomWords) {
  std::mt19937 random(20240613);
  for (int i = 0; i < 300'000; ++i) check_any(static_cast<Word>(random()));
}

TEST(Arm64Decode, SurvivesTheBordersOfEachClass) {
  std::mt19937 random(7);
  for (int i = 0; i < 4'000; ++i) {
    const auto word = static_cast<Word>(random());
    for (unsigned at = 0; at < 32; ++at) check_any(word ^ (Word{1} << at));
  }
  for (Word top = 0; top < 256; ++top)
    for (const Word low : {0x000000U, 0xffffffU, 0x00001fU, 0x1fffe0U, 0x800000U, 0x7fffffU})
      check_any(top << 24U | low);
}

TEST(Arm64Decode, SurvivesRandomFunctions) {
  std::mt19937 random(99);
  for (int i = 0; i < 3'000; ++i) {
    std::vector<std::byte> body;
    for (int k = 0; k < 24; ++k) {
      // Mostly branches near by, so that there are graphs.
      const auto word = static_cast<Word>(random());
      const Word near = 0x54000000 | (word & 0x8000f1U) | (word >> 28U) << 5U;
      const auto bytes = bytes_of(k % 3 == 0 ? near : word % 7 == 0 ? 0xd65f03c0 : word);
      body.insert(body.end(), bytes.begin(), bytes.end());
    }
    const auto code = FunctionCode::decode(body, kTestEntry, elf::Machine::kArm64);
    if (!code) continue;
    for (const auto& site : code->end_sites().value_or(std::vector<Site>{}))
      EXPECT_TRUE(site.instruction.probeable && site.instruction.end() <= body.size());
    if (const auto start = code->start_site()) {
      EXPECT_TRUE(start->instruction.probeable);
    }
    std::ignore = code->evacuation_done_site();
    std::ignore = code->find_argument(code->argument(1), code->instructions().back(), {});
  }
}

// The Arm ARM's DecodeBitMasks gives 5334 masks of 64 bits, and 1302 of 32.
TEST(Arm64Decode, KnowsAllLogicalMasks) {
  const auto masks = [](Word opcode) {
    std::set<std::uint64_t> all;
    for (Word fields = 0; fields < (1U << 13U); ++fields)
      if (const auto mask = arm64_encoding::logical_mask(opcode | fields << 10U)) all.insert(*mask);
    return all;
  };
  EXPECT_EQ(masks(0x92000000).size(), 5334U);
  EXPECT_EQ(masks(0x12000000).size(), 1302U);
  EXPECT_EQ(arm64_encoding::logical_mask(0x927cf821), ~std::uint64_t{8});
  EXPECT_EQ(arm64_encoding::logical_mask(0x92400041), 1U);
  EXPECT_EQ(arm64_encoding::logical_mask(0xf27d0041), 8U);
}

TEST(Arm64Operation, SeesBothPartsOfAPair) {
  // stp x0,x1,[sp,#72]
  const auto store = arm64().operation(from_words("a90487e0"));
  ASSERT_TRUE(store);
  ASSERT_EQ(store->memory().size(), 2U);
  EXPECT_EQ(store->memory()[0].displacement, 72);
  EXPECT_EQ(store->memory()[0].value, Register::kX0);
  EXPECT_EQ(store->memory()[1].displacement, 80);
  EXPECT_EQ(store->memory()[1].value, Register::kX1);
  EXPECT_TRUE(store->memory()[1].is_at(Register::kSp));
  EXPECT_TRUE(store->memory()[1].writes);
}

TEST(Arm64Operation, SeesZeroStores) {
  const auto halfword = arm64().operation(from_words("7900143f"));  // strh wzr,[x1,#10]
  ASSERT_EQ(halfword->memory().size(), 1U);
  EXPECT_TRUE(halfword->memory()[0].stores_zero);
  EXPECT_EQ(halfword->memory()[0].bytes, 2U);
  EXPECT_FALSE(arm64().operation(from_words("39002001"))->memory()[0].stores_zero);
}

TEST(Arm64Operation, KnowsTheDepthOfTheStack) {
  const auto lowers = [](std::string_view words) {
    return arm64().operation(from_words(words))->lowers_stack;
  };
  EXPECT_EQ(lowers("f81c0ffe"), 64);            // str x30,[sp,#-64]!
  EXPECT_EQ(lowers("f84407fe"), -64);           // ldr x30,[sp],#64
  EXPECT_EQ(lowers("910103ff"), -64);           // add sp,sp,#64
  EXPECT_EQ(lowers("d14007ff"), 4096);          // sub sp,sp,#1,lsl #12
  EXPECT_EQ(lowers("a9bf7bfd"), 16);            // stp x29,x30,[sp,#-16]!
  EXPECT_EQ(lowers("f81f07e0"), std::nullopt);  // str x0,[sp],#-16: above it
  EXPECT_EQ(lowers("f8008fe0"), std::nullopt);  // str x0,[sp,#8]!
  EXPECT_EQ(lowers("9100029f"), std::nullopt);  // mov sp,x20
}

}  // namespace
}  // namespace gomapd::code
