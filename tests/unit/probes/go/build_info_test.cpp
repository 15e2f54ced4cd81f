// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/build_info.h"

#include <gtest/gtest.h>

#include "tests/support/byte_writer.h"
#include "tests/support/elf_builder.h"

namespace gomapd::go {
namespace {

using test::ByteWriter;
using test::ElfBuilder;

constexpr std::uint64_t kAddress = 0x402000;

TEST(ParseVersion, TakesGoodOnes) {
  struct Good {
    std::string_view text;
    Version version;
  };
  for (const auto& good : {
           Good{"go1.23.5", {23, 5}},
           Good{"go1.15", {15, 0}},
           Good{"go1.27rc1", {27, 0}},
           Good{"go1.18beta2", {18, 0}},
           Good{"go1.24.4 X:noswissmap", {24, 4}},
           Good{"go1.26.5-X:foo", {26, 5}},
           Good{"go1.18.4b7", {18, 4}},
           Good{"devel go1.28-abcdef012 Mon Jan 2", {28, 0}},
           Good{"go1.26-devel_ab12", {26, 0}},
           Good{"go1.20.4 (Red Hat 1.20.4-1)", {20, 4}},
           Good{"go1.21.0+vendor", {21, 0}},
           Good{"go1.19.13 X:boringcrypto", {19, 13}},
       }) {
    EXPECT_EQ(parse_version(good.text), good.version) << good.text;
  }
}

TEST(ParseVersion, RefusesBadOnes) {
  for (const std::string_view bad :
       {"", "go", "go1", "go1.", "go2.1", "go1.x", "go1.23.", "go1.23.x", "go1.23.5.6", "go1.23x",
        "go1.99999", "1.23", "devel", "devel +0123abc Mon", "go1.23rc", "unknown", "go1.-1",
        "Go1.23", " go1.23"})
    EXPECT_EQ(parse_version(bad), std::nullopt) << bad;
}

TEST(ParseVersion, OrdersReleases) {
  EXPECT_LT(*parse_version("go1.9.7"), *parse_version("go1.10"));
  EXPECT_LT(*parse_version("go1.23.4"), *parse_version("go1.23.11"));
}

std::string modules(std::string_view lines) {
  return "0123456789abcdef" + std::string(lines) + "fedcba9876543210";
}

std::vector<std::byte> inline_info(std::string_view version, std::string_view module_info) {
  ByteWriter info;
  info.text("\xff Go buildinf:").put(std::uint8_t{8}).put(std::uint8_t{2}).align(32);
  info.varint(version.size()).text(version);
  return info.varint(module_info.size()).text(module_info).data();
}

ElfBuilder file_with(std::vector<std::byte> info) {
  return ElfBuilder().text(0x401000, std::vector<std::byte>(8)).data(kAddress, std::move(info));
}

Result<BuildInfo> read(const ElfBuilder& builder) {
  const auto bytes = builder.build();
  return read_build_info(elf::Image::parse(bytes).value());
}

TEST(BuildInfo, ReadsTheInlineForm) {
  const auto info = read(
      file_with(inline_info("go1.23.5", modules("path\texample.com/x\nmod\texample.com/x\t(devel)\n"
                                                "build\t-compiler=gc\nbuild\tCGO_ENABLED=1\n"))));
  ASSERT_TRUE(info) << info.error().context;
  EXPECT_EQ(info->version, "go1.23.5");
  EXPECT_EQ(info->path, "example.com/x");
  ASSERT_NE(info->setting("-compiler"), nullptr);
  EXPECT_EQ(*info->setting("-compiler"), "gc");
  EXPECT_EQ(info->setting("-pgo"), nullptr);
}

TEST(BuildInfo, ReadsItsSectionWhereverThatIs) {
  ByteWriter padded;
  padded.put(std::uint64_t{0}).bytes(inline_info("go1.23.5", ""));
  auto builder = file_with(padded.data());
  EXPECT_FALSE(read(builder));  // not aligned, so no scan finds it
  EXPECT_TRUE(read(builder.section(".go.buildinfo", kAddress + 8, 64)));
}

TEST(BuildInfo, UnquotesKeysAndValues) {
  const auto info = read(file_with(
      inline_info("go1.23.5", modules("build\t-ldflags=\"-X 'a=b\\tc'\"\nbuild\t\"odd key\"=`v`\n"
                                      "build\t-tags=a\"b\nbuild\tbad\nbuild\t=x\n"))));
  ASSERT_TRUE(info);
  ASSERT_EQ(info->settings.size(), 3U);
  EXPECT_EQ(*info->setting("-ldflags"), "-X 'a=b\tc'");
  EXPECT_EQ(*info->setting("odd key"), "v");
  EXPECT_EQ(*info->setting("-tags"), "a\"b");
}

TEST(BuildInfo, TakesAProgramWithoutModules) {
  const auto info = read(file_with(inline_info("go1.19", "")));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->path, "");
  EXPECT_TRUE(info->settings.empty());
}

std::vector<std::byte> pointer_info(bool in_file) {
  const auto word = [&](std::uint64_t value) { return in_file ? value : 0; };
  ByteWriter info;
  info.text("\xff Go buildinf:").put(std::uint8_t{8}).put(std::uint8_t{0});
  info.put(word(kAddress + 32)).put(word(kAddress + 48));
  info.put(word(kAddress + 64)).put(std::uint64_t{8});   // string header: version
  info.put(word(kAddress + 72)).put(std::uint64_t{41});  // string header: modules
  return info.text("go1.15.9").text(modules("path\tx/y\n")).data();
}

TEST(BuildInfo, ReadsThePointerForm) {
  const auto info = read(file_with(pointer_info(true)));
  ASSERT_TRUE(info) << info.error().context;
  EXPECT_EQ(info->version, "go1.15.9");
  EXPECT_EQ(info->path, "x/y");
}

TEST(BuildInfo, ReadsThePointerFormThroughRelocations) {
  const auto info = read(file_with(pointer_info(false))
                             .pie()
                             .relocation(kAddress + 16, kAddress + 32)
                             .relocation(kAddress + 24, kAddress + 48)
                             .relocation(kAddress + 32, kAddress + 64)
                             .relocation(kAddress + 48, kAddress + 72));
  ASSERT_TRUE(info) << info.error().context;
  EXPECT_EQ(info->version, "go1.15.9");
  EXPECT_EQ(info->path, "x/y");
}

TEST(BuildInfo, SkipsTheMagicInOtherData) {
  ByteWriter data;
  data.text("\xff Go buildinf:").put(std::uint8_t{9}).put(std::uint8_t{1}).align(64);
  const auto info = read(file_with(data.bytes(inline_info("go1.23.5", "")).data()));
  ASSERT_TRUE(info) << info.error().context;
  EXPECT_EQ(info->version, "go1.23.5");
}

TEST(BuildInfo, SaysThatAProgramIsNotGo) {
  EXPECT_EQ(read(file_with(std::vector<std::byte>(64))).error().code, Errc::kNotGo);
}

TEST(BuildInfo, RefusesEveryTruncation) {
  const auto info = inline_info("go1.23.5", modules("path\tx\n"));
  for (std::size_t size = 1; size < info.size(); ++size)
    EXPECT_FALSE(read(file_with({info.begin(), info.begin() + static_cast<long>(size)}))) << size;
}

TEST(BuildInfo, RefusesImpossibleLengths) {
  ByteWriter info;
  info.text("\xff Go buildinf:").put(std::uint8_t{8}).put(std::uint8_t{2}).align(32);
  EXPECT_FALSE(read(file_with(ByteWriter(info).varint(~std::uint64_t{0}).align(64).data())));
  EXPECT_FALSE(read(file_with(ByteWriter(info).varint(257).align(1024).data())));
  EXPECT_FALSE(read(file_with(ByteWriter(info).varint(0).varint(0).data())));
}

}  // namespace
}  // namespace gomapd::go
