// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/relocations.h"

#include <elf.h>
#include <gtest/gtest.h>

#include "tests/support/byte_writer.h"

namespace gomapd::elf {
namespace {

struct Entry {
  std::uint64_t address;
  std::int64_t addend;
  std::uint32_t type = R_X86_64_RELATIVE;
};

std::vector<std::byte> table(std::initializer_list<Entry> entries) {
  test::ByteWriter writer;
  for (const auto& entry : entries) writer.put(Elf64_Rela{entry.address, entry.type, entry.addend});
  return writer.data();
}

TEST(Relocations, AreFoundInASortedTable) {
  const auto bytes = table({{8, 80}, {16, 160}, {24, 240}});
  const auto relocations = Relocations::parse(bytes, R_X86_64_RELATIVE).value();
  EXPECT_EQ(relocations.addend_at(8), 80U);
  EXPECT_EQ(relocations.addend_at(24), 240U);
  EXPECT_EQ(relocations.addend_at(12), std::nullopt);
}

TEST(Relocations, AreFoundInAnUnsortedTable) {
  const auto bytes = table({{24, 240}, {8, 80}, {16, 160}});
  const auto relocations = Relocations::parse(bytes, R_X86_64_RELATIVE).value();
  EXPECT_EQ(relocations.addend_at(8), 80U);
  EXPECT_EQ(relocations.addend_at(16), 160U);
  EXPECT_EQ(relocations.addend_at(24), 240U);
}

TEST(Relocations, SkipOtherTypes) {
  const auto bytes = table({{8, 80}, {16, 160, R_X86_64_64}, {24, 240}});
  const auto relocations = Relocations::parse(bytes, R_X86_64_RELATIVE).value();
  EXPECT_EQ(relocations.addend_at(16), std::nullopt);
  EXPECT_EQ(relocations.addend_at(24), 240U);
}

TEST(Relocations, IgnoreHalfAnEntry) {
  const auto bytes = table({{8, 80}, {16, 160}});
  const auto relocations = Relocations::parse(Bytes(bytes).first(47), R_X86_64_RELATIVE).value();
  EXPECT_EQ(relocations.addend_at(8), 80U);
  EXPECT_EQ(relocations.addend_at(16), std::nullopt);
}

TEST(Relocations, FindWhatPointsAtATarget) {
  const auto bytes = table({{8, 80}, {16, 160}, {0, 80}});
  const auto relocations = Relocations::parse(bytes, R_X86_64_RELATIVE).value();
  std::vector<std::uint64_t> found;
  relocations.find_targets(80, 9, found);
  EXPECT_EQ(found, (std::vector<std::uint64_t>{8, 0}));
  relocations.find_targets(80, 2, found);
  EXPECT_EQ(found.size(), 2U);
}

TEST(Relocations, RefuseTooManyUnsortedOnes) {
  std::vector<std::byte> bytes(((std::size_t{1} << 21U) + 2) * sizeof(Elf64_Rela));
  const Elf64_Rela relative{0, R_X86_64_RELATIVE, 0};
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(relative))
    std::memcpy(bytes.data() + i, &relative, sizeof(relative));
  EXPECT_TRUE(Relocations::parse(bytes, R_X86_64_RELATIVE));
  const Elf64_Rela first{1, R_X86_64_RELATIVE, 0};
  std::memcpy(bytes.data(), &first, sizeof(first));
  EXPECT_EQ(Relocations::parse(bytes, R_X86_64_RELATIVE).error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace gomapd::elf
