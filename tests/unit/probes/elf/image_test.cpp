// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/byte_writer.h"
#include "tests/support/elf_builder.h"

namespace gomapd::elf {
namespace {

using test::ByteWriter;
using test::ElfBuilder;

std::vector<std::byte> words(std::initializer_list<std::uint64_t> values) {
  ByteWriter writer;
  for (const auto value : values) writer.put(value);
  return writer.data();
}

ElfBuilder smallest() {
  return ElfBuilder().text(0x401000, words({0x11, 0x22}));
}

template <typename T>
void patch(std::vector<std::byte>& file, std::size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof(value));
}

constexpr auto kFirstSegment = sizeof(Elf64_Ehdr);

TEST(Image, ParsesTheSmallestFile) {
  const auto file = smallest().build();
  const auto image = Image::parse(file);
  ASSERT_TRUE(image) << image.error().context;
  EXPECT_EQ(image->machine(), Machine::kAmd64);
  EXPECT_FALSE(image->is_pie());
  ASSERT_EQ(image->segments().size(), 1U);
  EXPECT_TRUE(image->segments()[0].executable);
  EXPECT_FALSE(image->segments()[0].writable);
  EXPECT_TRUE(image->sections().empty());
  EXPECT_EQ(image->build_id(), "");
  EXPECT_FALSE(image->has_symbol_table());
}

TEST(Image, RefusesEveryTruncation) {
  const auto file = smallest().build();
  for (std::size_t size = 0; size < kFirstSegment + sizeof(Elf64_Phdr); ++size)
    EXPECT_FALSE(Image::parse(Bytes(file).first(size))) << size;
}

struct Corruption {
  const char* name;
  std::function<void(std::vector<std::byte>&)> apply;
};

TEST(Image, RefusesDamagedHeaders) {
  const std::vector<Corruption> corruptions = {
      {"magic", [](auto& file) { patch<char>(file, 0, 'x'); }},
      {"32-bit", [](auto& file) { patch<char>(file, EI_CLASS, ELFCLASS32); }},
      {"big-endian", [](auto& file) { patch<char>(file, EI_DATA, ELFDATA2MSB); }},
      {"relocatable", [](auto& file) { patch<Elf64_Half>(file, 16, ET_REL); }},
      {"program headers past the end",
       [](auto& file) { patch(file, offsetof(Elf64_Ehdr, e_phoff), file.size() - 8); }},
      {"program headers at the end of the address space",
       [](auto& file) { patch(file, offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0}); }},
      {"program header size",
       [](auto& file) { patch<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_phentsize), 32); }},
      {"no program headers",
       [](auto& file) { patch<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_phnum), 0); }},
      {"too many program headers",
       [](auto& file) { patch<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_phnum), 0xffff); }},
      {"file part bigger than memory",
       [](auto& file) {
         patch<std::uint64_t>(file, kFirstSegment + offsetof(Elf64_Phdr, p_filesz), 99);
       }},
      {"segment past the end of the address space",
       [](auto& file) {
         patch(file, kFirstSegment + offsetof(Elf64_Phdr, p_memsz), ~std::uint64_t{0});
       }},
  };
  for (const auto& corruption : corruptions) {
    auto file = smallest().build();
    corruption.apply(file);
    const auto image = Image::parse(file);
    ASSERT_FALSE(image) << corruption.name;
    EXPECT_EQ(image.error().code, Errc::kMalformed) << corruption.name;
  }
}

TEST(Image, RefusesSegmentsThatOverlap) {
  const auto file = smallest().data(0x401008, words({1})).build();
  EXPECT_FALSE(Image::parse(file));
}

TEST(Image, RefusesSegmentsThatShareTheFileOverAndOver) {
  auto builder = ElfBuilder();
  for (std::uint64_t i = 0; i < 100; ++i) builder.data(0x1000 * i, {});
  auto file = builder.build();
  for (std::size_t i = 0; i < 100; ++i) {
    const auto header = kFirstSegment + i * sizeof(Elf64_Phdr);
    patch(file, header + offsetof(Elf64_Phdr, p_vaddr), 0x10000000 * (i + 1));
    patch<std::uint64_t>(file, header + offsetof(Elf64_Phdr, p_offset), 0);
    patch(file, header + offsetof(Elf64_Phdr, p_filesz), file.size());
    patch(file, header + offsetof(Elf64_Phdr, p_memsz), file.size());
  }
  EXPECT_FALSE(Image::parse(file));
}

TEST(Image, TranslatesAddressesOfFileBackedBytesOnly) {
  const auto file = ElfBuilder().segment(0x402000, PF_R | PF_W, words({7}), 64).build();
  const auto image = Image::parse(file).value();
  const auto offset = image.segments()[0].file_offset;
  EXPECT_EQ(image.file_offset(0x402000), offset);
  EXPECT_EQ(image.file_offset(0x402007), offset + 7);
  EXPECT_EQ(image.file_offset(0x402008), std::nullopt);
  EXPECT_EQ(image.file_offset(0x401fff), std::nullopt);
  EXPECT_NE(image.segment_at(0x40203f), nullptr);
  EXPECT_EQ(image.segment_at(0x402040), nullptr);
}

TEST(Image, ReadsWithinOneSegment) {
  const auto file = smallest().data(0x401010, words({3})).build();
  const auto image = Image::parse(file).value();
  EXPECT_EQ(image.at(0x401008, 8).value().size(), 8U);
  EXPECT_FALSE(image.at(0x401008, 9));
  EXPECT_FALSE(image.at(0x401008, ~std::uint64_t{0}));
  EXPECT_EQ(image.from(0x401004).value().size(), 12U);
  EXPECT_FALSE(image.from(0x401018));
}

TEST(Image, ReadsPointersInPlaceAndZeroInBss) {
  const auto file = ElfBuilder().segment(0x402000, PF_R | PF_W, words({7}), 64).build();
  const auto image = Image::parse(file).value();
  EXPECT_EQ(image.pointer_at(0x402000).value(), 7U);
  EXPECT_EQ(image.pointer_at(0x402010).value(), 0U);
  EXPECT_FALSE(image.pointer_at(0x402040));
}

TEST(Image, RefusesToReadABssOfATruncatedFileAsZero) {
  const auto file = ElfBuilder().data(0x402000, words({7, 8, 9, 10})).build();
  const auto image = Image::parse(Bytes(file).first(file.size() - 16)).value();
  EXPECT_EQ(image.pointer_at(0x402008).value(), 8U);
  EXPECT_FALSE(image.pointer_at(0x402010));
}

TEST(Image, PrefersTheRelocationsAddend) {
  const auto file =
      smallest().pie().data(0x402000, words({0, 5})).relocation(0x402000, 0x401008).build();
  const auto image = Image::parse(file).value();
  EXPECT_TRUE(image.is_pie());
  EXPECT_EQ(image.pointer_at(0x402000).value(), 0x401008U);
  EXPECT_EQ(image.pointer_at(0x402008).value(), 5U);
}

TEST(Image, FindsPointersInDataAndInRelocations) {
  const auto file = smallest()
                        .pie()
                        .data(0x402000, words({0, 0x401008, 5}))
                        .relocation(0x402010, 0x401008)
                        .build();
  const auto image = Image::parse(file).value();
  EXPECT_EQ(image.pointers_to(0x401008, 9), (std::vector<Vaddr>{0x402008, 0x402010}));
  EXPECT_EQ(image.pointers_to(0x401008, 1).size(), 1U);
  // Only writable data counts.
  EXPECT_TRUE(image.pointers_to(0x22, 9).empty());
}

TEST(Image, RefusesRelocationsOutsideTheFile) {
  auto file = smallest().pie().relocation(0x402000, 1).build();
  const auto dynamic = Image::parse(file).value().file_offset(0x70000000).value();
  patch<std::uint64_t>(file, dynamic + sizeof(Elf64_Dyn) + 8, 1U << 20U);  // DT_RELASZ
  EXPECT_FALSE(Image::parse(file));
}

TEST(Image, FindsSectionsByName) {
  const auto file = smallest()
                        .section(".text", 0x401000, 16)
                        .section(".symtab", 0x401008, 48, SHT_SYMTAB)
                        .section(".debug_info", 0x401008, 8)
                        .build();
  const auto image = Image::parse(file).value();
  const auto* text = image.find_section(".text");
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(text->address, 0x401000U);
  EXPECT_EQ(text->size, 16U);
  EXPECT_EQ(image.find_section(".data"), nullptr);
  EXPECT_TRUE(image.has_symbol_table());
  EXPECT_TRUE(image.has_dwarf());
}

TEST(Image, DoesWithoutDamagedSections) {
  const auto intact = smallest().section(".text", 0x401000, 16).build();
  for (std::size_t size = kFirstSegment + sizeof(Elf64_Phdr); size < intact.size(); ++size) {
    const auto image = Image::parse(Bytes(intact).first(size));
    ASSERT_TRUE(image) << size;
    EXPECT_TRUE(image->sections().empty()) << size;
  }
  auto file = intact;
  patch<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_shstrndx), 77);
  EXPECT_TRUE(Image::parse(file).value().sections().empty());
}

}  // namespace
}  // namespace gomapd::elf
