// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/runtime_version.h"

#include <gtest/gtest.h>

#include "tests/support/byte_writer.h"
#include "tests/support/elf_builder.h"

namespace gomapd::go {
namespace {

constexpr elf::Vaddr kText = 0x402000;
constexpr elf::Vaddr kData = 0x403000;

// A file with string variables, each {text, stated length}.
struct Variable {
  std::string_view text;
  std::uint64_t length;
};

std::vector<std::byte> file_with(std::initializer_list<Variable> variables) {
  test::ByteWriter texts;
  test::ByteWriter words;
  words.put(std::uint64_t{0});
  for (const auto& variable : variables) {
    words.put(kText + texts.data().size()).put(variable.length);
    texts.text(variable.text);
  }
  return test::ElfBuilder().rodata(kText, texts.data()).data(kData, words.data()).build();
}

Result<std::string> version_in(std::initializer_list<Variable> variables,
                               PclntabLayout layout = PclntabLayout::kGo126) {
  const auto file = file_with(variables);
  const auto image = elf::Image::parse(file);
  if (!image) return std::unexpected(image.error());
  return find_build_version(*image, layout);
}

TEST(BuildVersion, IsTheStringVariableThatNamesARelease) {
  EXPECT_EQ(version_in({{"something", 9}, {"go1.26.5", 8}}).value(), "go1.26.5");
}

TEST(BuildVersion, KeepsExperiments) {
  EXPECT_EQ(version_in({{"go1.24.4 X:noswissmap", 21}}, PclntabLayout::kGo120).value(),
            "go1.24.4 X:noswissmap");
}

TEST(BuildVersion, MayBeADevelopmentVersion) {
  EXPECT_EQ(version_in({{"devel go1.28-abcdef Mon", 23}}).value(), "devel go1.28-abcdef Mon");
}

TEST(BuildVersion, PassesOverReleasesOfAnotherLayout) {
  EXPECT_EQ(version_in({{"go1.13", 6}, {"go1.27.1", 8}, {"go1.18", 6}}).value(), "go1.27.1");
}

TEST(BuildVersion, RefusesTwoReleases) {
  EXPECT_EQ(version_in({{"go1.26.1", 8}, {"go1.27.1", 8}}).error().code, Errc::kUnsupported);
}

TEST(BuildVersion, IsNotFoundAmongOtherText) {
  EXPECT_EQ(version_in({{"golang", 6}, {"go2.26.1", 8}, {"go1.x", 5}}).error().code,
            Errc::kNotFound);
}

TEST(BuildVersion, SurvivesPointersAndLengthsPastTheFile) {
  EXPECT_EQ(version_in({{"go1.26.5", 100}}).error().code, Errc::kNotFound);
  EXPECT_EQ(version_in({{"go1.26.5", ~std::uint64_t{0}}}).error().code, Errc::kNotFound);
}

TEST(BuildVersion, FollowsRelocationsWhereTheFileHoldsNoPointer) {
  test::ByteWriter texts;
  texts.text("go1.27.4");
  test::ByteWriter words;
  words.put(std::uint64_t{0}).put(std::uint64_t{8});
  const auto file = test::ElfBuilder()
                        .pie()
                        .rodata(kText, texts.data())
                        .data(kData, words.data())
                        .relocation(kData, kText)
                        .build();
  const auto image = elf::Image::parse(file);
  ASSERT_TRUE(image);
  EXPECT_EQ(find_build_version(*image, PclntabLayout::kGo126).value(), "go1.27.4");
}

}  // namespace
}  // namespace gomapd::go
