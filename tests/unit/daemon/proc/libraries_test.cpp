// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/libraries.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace gomapd::proc {
namespace {

TEST(MappedCode, IsEachFileWithAnExecutableMapping) {
  const auto files = parse_mapped_code(
      "55d0c0000000-55d0c0001000 r--p 00000000 fd:00 11    /usr/bin/host\n"
      "55d0c0001000-55d0c0002000 r-xp 00001000 fd:00 11    /usr/bin/host\n"
      "55d0c0005000-55d0c0006000 rw-p 00000000 00:00 0     [heap]\n"
      "7f0000000000-7f0000100000 r-xp 00000000 fd:00 12    /opt/a lib/libgo.so (deleted)\n"
      "7f0000100000-7f0000200000 rwxp 00000000 00:00 0 \n"
      "7f0000200000-7f0000300000 r-xp 00100000 fd:00 12    /opt/a lib/libgo.so (deleted)\n"
      "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0     [vdso]\n");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "/usr/bin/host");
  EXPECT_EQ(files[0].range, "55d0c0001000-55d0c0002000");
  EXPECT_EQ(files[0].file, "fd:00 11");
  EXPECT_EQ(files[1].file, "fd:00 12");
  EXPECT_EQ(files[1].path, "/opt/a lib/libgo.so");
  EXPECT_EQ(files[1].range, "7f0000000000-7f0000100000");
}

TEST(MappedCode, TakesAnyText) {
  const std::string_view line = "7f00-7f10 r-xp 0 fd:00 12 /x\n";
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_LE(parse_mapped_code(line.substr(0, size)).size(), 1U);
  EXPECT_TRUE(parse_mapped_code("\n\n   \nx\n").empty());
  EXPECT_TRUE(parse_mapped_code({}).empty());
}

TEST(Libraries, OfThisProcessDoNotIncludeItself) {
  const auto self = File::open("/proc/self/exe");
  ASSERT_TRUE(self) << self.error().context;
  const auto libraries = open_libraries(getpid(), *self);
  EXPECT_TRUE(std::ranges::any_of(libraries,
                                  [](const Library& one) { return one.path.contains("/libc."); }));
  EXPECT_TRUE(std::ranges::none_of(
      libraries, [&](const Library& one) { return one.file.id() == self->id(); }));
}

}  // namespace
}  // namespace gomapd::proc
