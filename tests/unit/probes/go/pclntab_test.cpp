// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/pclntab.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "tests/support/byte_writer.h"
#include "tests/support/pclntab_builder.h"

namespace gomapd::go {
namespace {

using test::FunctionSpec;
using test::GoImageSpec;
using test::GoRelease;
using test::kModuledataAddress;
using test::kPclntabAddress;
using test::kTextAddress;

GoImageSpec three_functions(GoRelease release) {
  return {.release = release,
          .functions = {{"runtime.hashGrow", 32, {{10, 5}, {32, 9}}},
                        {"main.(*T).run", 16, {{16, 70}}},
                        {"main.main", 48, {{48, 700}}}}};
}

Result<Pclntab> find(const std::vector<std::byte>& file) {
  const auto image = elf::Image::parse(file);
  if (!image) return std::unexpected(image.error());
  return Pclntab::find(*image);
}

struct ReleaseLayout {
  GoRelease release;
  PclntabLayout layout;
};

void PrintTo(const ReleaseLayout& one, std::ostream* out) {
  PrintTo(one.release, out);
}

class PclntabOf : public testing::TestWithParam<ReleaseLayout> {};

TEST_P(PclntabOf, ReadsTheSmallestProgram) {
  const auto file = test::go_image({.release = GetParam().release}).build();
  const auto table = find(file);
  ASSERT_TRUE(table) << table.error().context;
  EXPECT_EQ(table->layout(), GetParam().layout);
  EXPECT_EQ(table->function_count(), 1U);
  EXPECT_EQ(table->text_start(), kTextAddress);
  EXPECT_EQ(table->moduledata().address, kModuledataAddress);
  EXPECT_EQ(table->function(0).name, "main.main");
}

TEST_P(PclntabOf, FindsTheFunctionOfAPc) {
  const auto file = test::go_image(three_functions(GetParam().release)).build();
  const auto table = find(file);
  ASSERT_TRUE(table) << table.error().context;
  EXPECT_EQ(table->function_at(kTextAddress - 1), std::nullopt);
  EXPECT_EQ(table->function_at(kTextAddress)->name, "runtime.hashGrow");
  EXPECT_EQ(table->function_at(kTextAddress + 31)->name, "runtime.hashGrow");
  const auto second = table->function_at(kTextAddress + 32);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->name, "main.(*T).run");
  EXPECT_EQ(second->index, 1U);
  EXPECT_EQ(second->entry, kTextAddress + 32);
  EXPECT_EQ(second->end, kTextAddress + 48);
  EXPECT_EQ(table->function_at(kTextAddress + 95)->name, "main.main");
  EXPECT_EQ(table->function_at(kTextAddress + 96), std::nullopt);
}

TEST_P(PclntabOf, ReadsFilesAndLines) {
  const auto file = test::go_image(three_functions(GetParam().release)).build();
  const auto table = find(file);
  ASSERT_TRUE(table) << table.error().context;
  const auto frames = table->frames_at(kTextAddress + 10);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].function, "runtime.hashGrow");
  EXPECT_EQ(frames[0].file, "main.go");
  EXPECT_EQ(frames[0].line, 9);
  EXPECT_FALSE(frames[0].inlined);
  EXPECT_EQ(table->frames_at(kTextAddress + 9)[0].line, 5);
  EXPECT_TRUE(table->frames_at(1).empty());
}

TEST_P(PclntabOf, ReadsPointersThatOnlyRelocationsHold) {
  auto spec = three_functions(GetParam().release);
  spec.pointers_in_relocations = true;
  const auto file = test::go_image(spec).build();
  const auto table = find(file);
  ASSERT_TRUE(table) << table.error().context;
  EXPECT_EQ(table->layout(), GetParam().layout);
  EXPECT_EQ(table->function_at(kTextAddress + 40)->name, "main.(*T).run");
  EXPECT_EQ(table->frames_at(kTextAddress + 40)[0].line, 70);
}

TEST_P(PclntabOf, VisitsFunctionsInOrder) {
  const auto file = test::go_image(three_functions(GetParam().release)).build();
  std::vector<std::string> names;
  find(file).value().for_each([&](const Function& f) { names.emplace_back(f.name); });
  EXPECT_EQ(names, (std::vector<std::string>{"runtime.hashGrow", "main.(*T).run", "main.main"}));
}

TEST_P(PclntabOf, RefusesEveryTruncation) {
  const auto file = test::go_image(three_functions(GetParam().release)).build();
  const auto image = elf::Image::parse(file).value();
  // Moduledata ends with words that nobody reads.
  const auto last_read = image.file_offset(kModuledataAddress + 200).value();
  for (std::size_t size = 0; size < last_read; ++size)
    EXPECT_FALSE(find({file.begin(), file.begin() + static_cast<long>(size)})) << size;
}

// A wrong byte in the tables must never crash a lookup, whatever find() says.
TEST_P(PclntabOf, SurvivesEveryDamagedByte) {
  const auto intact = test::go_image(three_functions(GetParam().release)).build();
  const auto image = elf::Image::parse(intact).value();
  const auto begin = image.file_offset(kPclntabAddress).value();
  const auto end = image.file_offset(kModuledataAddress).value() + 400;
  for (auto offset = begin; offset < end; ++offset) {
    for (const auto flip : {0x01, 0x80, 0xff}) {
      auto file = intact;
      file[offset] ^= static_cast<std::byte>(flip);
      const auto table = find(file);
      if (!table) continue;
      for (std::uint32_t i = 0; i < table->function_count(); ++i) {
        const auto function = table->function(i);
        EXPECT_LE(function.name.size(), 4096U);
        EXPECT_FALSE(table->frames_at(function.entry).empty() && function.end > function.entry);
        EXPECT_TRUE(table->inlined_in(function, [](auto) { return true; }).empty());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Releases, PclntabOf,
                         testing::Values(ReleaseLayout{GoRelease::k115, PclntabLayout::kGo12},
                                         ReleaseLayout{GoRelease::k116, PclntabLayout::kGo116},
                                         ReleaseLayout{GoRelease::k118, PclntabLayout::kGo118},
                                         ReleaseLayout{GoRelease::k120, PclntabLayout::kGo120},
                                         ReleaseLayout{GoRelease::k126, PclntabLayout::kGo126},
                                         ReleaseLayout{GoRelease::k127, PclntabLayout::kGo126}));

TEST(Pclntab, IsAbsentFromOtherPrograms) {
  const auto file = test::ElfBuilder().text(0x401000, std::vector<std::byte>(64)).build();
  EXPECT_EQ(find(file).error().code, Errc::kNotGo);
}

TEST(Pclntab, IsFoundBySectionAndWithout) {
  EXPECT_TRUE(find(test::go_image({.with_section = true}).build()));
  EXPECT_TRUE(find(test::go_image({.with_section = false}).build()));
}

TEST(Pclntab, IsFoundWhereTheSectionLies) {
  // Section headers are free to lie; the program headers are not.
  const auto file = test::go_image({})
                        .section(".gopclntab", kTextAddress, 8)
                        .section("x", kTextAddress, 8)
                        .build();
  EXPECT_TRUE(find(file));
}

TEST(Pclntab, SkipsMagicNumbersInOtherData) {
  test::ByteWriter decoys;
  for (const std::uint32_t magic : {0xfffffffbU, 0xfffffffaU, 0xfffffff0U, 0xfffffff1U})
    decoys.put(magic).put(std::uint32_t{0x08010000}).put(std::uint64_t{3}).put(std::uint64_t{8});
  auto builder = test::go_image({});
  const auto file = builder.rodata(0x300000, decoys.data()).build();
  EXPECT_TRUE(find(file));
}

TEST(Pclntab, GivesUpAfterManyGoodHeadersWithoutModuledata) {
  // Each of these would cost a pass over all data.
  test::ByteWriter decoys;
  for (int i = 0; i < 1000; ++i) {
    decoys.put(0xfffffffbU).put(std::uint32_t{0x08010000}).put(std::uint64_t{1});
    decoys.put(std::uint64_t{0}).put(std::uint64_t{0});
  }
  decoys.put(std::uint64_t{0}).put(std::uint64_t{0});
  auto builder = test::go_image({});
  EXPECT_EQ(find(builder.rodata(0x300000, decoys.data()).build()).error().code, Errc::kMalformed);
}

// Damages the word at an address of a program of Go 1.20 with three functions.
Result<Pclntab> find_damaged(elf::Vaddr address, std::uint64_t value, std::size_t size) {
  auto file = test::go_image(three_functions(GoRelease::k120)).build();
  const auto offset = elf::Image::parse(file).value().file_offset(address).value();
  std::memcpy(file.data() + offset, &value, size);
  return find(file);
}

constexpr std::uint64_t kHuge = ~std::uint64_t{0};

std::uint64_t word_at(elf::Vaddr address) {
  const auto file = test::go_image(three_functions(GoRelease::k120)).build();
  return elf::Image::parse(file).value().pointer_at(address).value();
}

TEST(Pclntab, RefusesDamagedHeaders) {
  EXPECT_EQ(find_damaged(kPclntabAddress, 0xfffffff2, 4).error().code, Errc::kNotGo);
  EXPECT_FALSE(find_damaged(kPclntabAddress + 6, 4, 1));  // arm64's quantum
  EXPECT_FALSE(find_damaged(kPclntabAddress + 7, 4, 1));  // 32-bit
  EXPECT_FALSE(find_damaged(kPclntabAddress + 8, 0, 8));  // no functions
  EXPECT_FALSE(find_damaged(kPclntabAddress + 8, 2, 8));
  EXPECT_FALSE(find_damaged(kPclntabAddress + 8, 4, 8));
  EXPECT_FALSE(find_damaged(kPclntabAddress + 8, kHuge, 8));
  EXPECT_FALSE(find_damaged(kPclntabAddress + 24, kTextAddress + 1, 8));  // text start
  for (const auto field : {32, 40, 48, 56, 64}) {
    const auto address = kPclntabAddress + static_cast<elf::Vaddr>(field);
    for (const auto value : {std::uint64_t{0}, word_at(address) + 8, kHuge, kHuge - 7})
      EXPECT_FALSE(find_damaged(address, value, 8)) << field;
  }
}

TEST(Pclntab, RefusesDamagedFunctionTables) {
  const auto functab = kPclntabAddress + word_at(kPclntabAddress + 64);
  EXPECT_FALSE(find_damaged(functab, 1, 4));               // not moduledata's first pc
  EXPECT_FALSE(find_damaged(functab + 8, 0x50, 4));        // out of order
  EXPECT_FALSE(find_damaged(functab + 24, 0x7fffff, 4));   // not moduledata's last pc
  EXPECT_FALSE(find_damaged(functab + 4, 0xffffffff, 4));  // record outside the table
  EXPECT_FALSE(find_damaged(functab + 12, 0x10000, 4));
  const auto record = functab + static_cast<std::uint32_t>(word_at(functab + 4));
  EXPECT_FALSE(find_damaged(record + 4, 0xffffffff, 4));  // name outside the names
}

TEST(Pclntab, AnswersWithoutDetailsWhereARecordIsDamaged) {
  const auto functab = kPclntabAddress + word_at(kPclntabAddress + 64);
  const auto record = functab + static_cast<std::uint32_t>(word_at(functab + 4));
  for (const auto field : {20, 24, 28, 32}) {  // pcfile, pcln, npcdata, cuOffset
    auto file = test::go_image(three_functions(GoRelease::k120)).build();
    const auto offset = elf::Image::parse(file).value().file_offset(record).value();
    std::memcpy(file.data() + offset + field, &kHuge, 4);
    const auto table = find(file);
    ASSERT_TRUE(table) << field;
    const auto frames = table->frames_at(kTextAddress);
    ASSERT_EQ(frames.size(), 1U) << field;
    EXPECT_EQ(frames[0].function, "runtime.hashGrow");
  }
}

TEST(Pclntab, CutsNamesThatHaveNoEnd) {
  auto spec = three_functions(GoRelease::k120);
  spec.functions[1].name = std::string(10000, 'n');
  const auto file = test::go_image(spec).build();
  EXPECT_EQ(find(file).value().function(1).name.size(), 4096U);
}

TEST(Pclntab, OutlivesItsImageAndSurvivesMoves) {
  const auto file = test::go_image(three_functions(GoRelease::k115)).build();
  auto table = find(file).value();  // the image is gone
  auto other = find(file).value();
  other = std::move(table);
  EXPECT_EQ(other.frames_at(kTextAddress + 40)[0].function, "main.(*T).run");
}

TEST(Pclntab, ReadsArm64) {
  auto file = test::go_image({}).machine(183).build();
  const auto image = elf::Image::parse(file).value();
  EXPECT_FALSE(Pclntab::find(image));  // amd64's quantum
  file[image.file_offset(kPclntabAddress + 6).value()] = std::byte{4};
  const auto table = find(file);
  ASSERT_TRUE(table) << table.error().context;
  // The builder's ranges count bytes on amd64, words here.
  EXPECT_EQ(table->frames_at(kTextAddress + 12)[0].line, 7);
}

}  // namespace
}  // namespace gomapd::go
