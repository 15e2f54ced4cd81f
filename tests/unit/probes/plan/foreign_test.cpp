// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/foreign.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "probes/plan/plan.h"
#include "tests/support/elf_builder.h"
#include "tests/unit/probes/plan/go_file.h"

namespace gomapd::test {
namespace {

using namespace std::string_view_literals;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> elf_file() {
  return ElfBuilder().text(0x401000, bytes_of("\xc3\xc3\xc3\xc3")).build();
}

void put(std::vector<std::byte>& file, std::size_t offset, std::string_view text) {
  std::ranges::copy(bytes_of(text), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::vector<std::byte> elf_with(std::size_t offset, std::string_view text) {
  auto file = elf_file();
  put(file, offset, text);
  return file;
}

TEST(Foreign, IsNamed) {
  const std::vector<std::pair<std::vector<std::byte>, std::string>> files = {
      {bytes_of("#!/bin/sh\n"), "a script"},
      {bytes_of("MZ\x90\0\3\0"sv), "a Windows program"},
      {bytes_of("\xcf\xfa\xed\xfe\7\0\0\1"sv), "a macOS program"},
      {bytes_of("\xca\xfe\xba\xbe\0\0\0\2"sv), "a macOS program"},
      {bytes_of("!<arch>\n__.PKGDEF"), "an archive"},
      {elf_with(EI_CLASS, "\1"), "a 32-bit ELF file"},
      {elf_with(EI_DATA, "\2"), "a big-endian ELF file"},
      {elf_with(16, "\1\0"sv), "an object file"},
      {elf_with(16, "\4\0"sv), "a core file"},
  };
  for (const auto& [file, what] : files) {
    const auto refused = refuse_foreign(file);
    ASSERT_FALSE(refused) << what;
    EXPECT_EQ(refused.error().code, Errc::kNotGo);
    EXPECT_TRUE(refused.error().context.starts_with(what)) << refused.error().context;
    const auto binary = analyse(file);
    ASSERT_FALSE(binary);
    EXPECT_EQ(binary.error().context, refused.error().context);
  }
}

TEST(Foreign, IsNotWhatMayBeAProgram) {
  EXPECT_TRUE(refuse_foreign(elf_file()));
  EXPECT_TRUE(refuse_foreign({}));
  EXPECT_TRUE(
      refuse_foreign(bytes_of("\x7f"
                              "ELF")));
}

TEST(Foreign, EndsAnywhere) {
  const auto file = elf_with(16, "\4\0"sv);
  for (std::size_t size = 0; size <= file.size(); ++size)
    EXPECT_FALSE(analyse(Bytes(file).first(size))) << size;
}

TEST(Upx, IsToldByItsMarkBehindTheProgramHeaders) {
  auto file = elf_file();
  file.resize(std::max<std::size_t>(file.size(), 4096));
  const std::size_t behind = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
  put(file, behind + 4, "UPX!");
  EXPECT_TRUE(is_packed_by_upx(file));
  const auto binary = analyse(file);
  ASSERT_FALSE(binary);
  EXPECT_EQ(binary.error().code, Errc::kNotGo);
  EXPECT_NE(binary.error().context.find("packed by UPX"), std::string::npos);
  EXPECT_NE(binary.error().context.find("upx -d"), std::string::npos);
}

TEST(Upx, IsToldByItsHeaderAtTheEnd) {
  auto file = elf_file();
  file.resize(8192);
  EXPECT_FALSE(is_packed_by_upx(file));
  const auto tail = bytes_of("UPX!\x0d\x16\x0e\x0a" + std::string(24, 'x') + "\xf4\0\0\0");
  file.insert(file.end(), tail.begin(), tail.end());
  EXPECT_TRUE(is_packed_by_upx(file));
}

// A Go program that speaks of UPX is one all the same.
TEST(Upx, IsNotAGoProgramThatHoldsTheMark) {
  std::string missing;
  auto file = truth_program("1.27", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  const auto tail = bytes_of("UPX!" + std::string(32, 'x'));
  file->bytes().insert(file->bytes().end(), tail.begin(), tail.end());
  EXPECT_TRUE(is_packed_by_upx(file->bytes()));
  const auto binary = analyse(file->bytes());
  ASSERT_TRUE(binary) << binary.error().context;
  EXPECT_EQ(binary->refusal, "");
}

TEST(Upx, PacksARealProgram) {
  if (!run({"upx", "--version"})) GTEST_SKIP() << "no upx here: apt-get install upx-ucl";
  std::string missing;
  const auto file = truth_program("1.23", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  const auto folder = std::filesystem::temp_directory_path() / ("upx." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "plain", std::ios::binary)
      .write(reinterpret_cast<const char*>(file->bytes().data()),
             static_cast<std::streamsize>(file->bytes().size()));
  const auto packed = run({"upx", "-q", "-o", folder / "packed", folder / "plain"});
  const auto bytes = read_file(folder / "packed");
  std::filesystem::remove_all(folder);
  if (!packed || !bytes) GTEST_SKIP() << "this upx does not pack it";
  const auto binary = analyse(*bytes);
  ASSERT_FALSE(binary);
  EXPECT_NE(binary.error().context.find("packed by UPX"), std::string::npos);
}

// Neither a crash nor a plan, wherever a real program ends.
TEST(TruncatedProgram, IsRefusedAtEveryLength) {
  for (const auto* minor : {"1.15", "1.23", "1.27"}) {
    std::string missing;
    const auto file = truth_program(minor, {"-ldflags=-s -w"}, missing);
    if (!file) GTEST_SKIP() << missing;
    const auto whole = file->bytes();
    const auto refused = [&](std::size_t size) {
      const auto binary = analyse(whole.first(size));
      return !binary || !binary->refusal.empty() || binary->sites.empty();
    };
    for (std::size_t size = 0; size < 1024; ++size) EXPECT_TRUE(refused(size)) << size;
    for (std::size_t size = 1024; size < whole.size() / 2; size += whole.size() / 101)
      EXPECT_TRUE(refused(size)) << size;
    // Beyond what is read, a program may miss its end.
    for (std::size_t size = whole.size() / 2; size < whole.size(); size += whole.size() / 101)
      (void)refused(size);
  }
}

}  // namespace
}  // namespace gomapd::test
