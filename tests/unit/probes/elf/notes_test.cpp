// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/notes.h"

#include <gtest/gtest.h>

#include "probes/elf/image.h"
#include "tests/support/byte_writer.h"
#include "tests/support/elf_builder.h"

namespace gomapd::elf {
namespace {

using std::string_literals::operator""s;
using test::ByteWriter;
using test::ElfBuilder;

std::vector<std::byte> text(std::string_view bytes) {
  return ByteWriter().text(bytes).data();
}

ElfBuilder file() {
  return ElfBuilder().text(0x401000, text("code"));
}

std::string build_id(const ElfBuilder& builder) {
  const auto bytes = builder.build();
  return Image::parse(bytes).value().build_id();
}

TEST(BuildId, IsGnusInHex) {
  EXPECT_EQ(build_id(file().note("GNU\0"s, 3, text("\x01\xfe"))), "01fe");
}

TEST(BuildId, IsGosTextWhereThereIsNoGnuOne) {
  EXPECT_EQ(build_id(file().note("Go\0\0"s, 4, text("ab/cd"))), "ab/cd");
}

TEST(BuildId, PrefersGnusInAnyOrder) {
  EXPECT_EQ(build_id(file().note("Go\0\0"s, 4, text("go")).note("GNU\0"s, 3, text("\x01"))), "01");
  EXPECT_EQ(build_id(file().note("GNU\0"s, 3, text("\x01")).note("Go\0\0"s, 4, text("go"))), "01");
}

TEST(BuildId, SkipsOtherNotes) {
  EXPECT_EQ(build_id(file().note("GNU\0"s, 1, text("abi")).note("Go\0\0"s, 4, text("go"))), "go");
}

TEST(BuildId, RefusesTextThatATerminalWouldObey) {
  EXPECT_EQ(build_id(file().note("Go\0\0"s, 4, text("\x1b[2J"))), "");
}

TEST(BuildId, RefusesGiantOnes) {
  EXPECT_EQ(build_id(file().note("GNU\0"s, 3, text(std::string(257, 'x')))), "");
}

TEST(BuildId, IsAbsentFromTruncatedNotes) {
  const auto builder = file().note("GNU\0"s, 3, text("\x01\x02\x03\x04"));
  const auto bytes = builder.build();
  const auto notes = Bytes(bytes).last(20);
  for (std::size_t size = 0; size < notes.size(); ++size) {
    std::string id;
    prefer_build_id(notes.first(size), id);
    EXPECT_EQ(id, "") << size;
  }
}

TEST(BuildId, SurvivesSizesThatOverflow) {
  const auto notes = ByteWriter().put(0xffffffffU).put(0xffffffffU).put(3U).text("GNU").data();
  std::string id;
  prefer_build_id(notes, id);
  EXPECT_EQ(id, "");
}

}  // namespace
}  // namespace gomapd::elf
