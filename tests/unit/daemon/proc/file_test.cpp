// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::proc {
namespace {

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

Fd open_null() {
  return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(Fd, ClosesWhatItHoldsWhenItDies) {
  int number = -1;
  {
    const auto fd = open_null();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, GivesItsDescriptorAway) {
  auto from = open_null();
  const int number = from.get();
  const Fd to(std::move(from));
  EXPECT_EQ(to.get(), number);
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, ClosesTheOldDescriptorOnMoveAssignment) {
  auto first = open_null();
  auto second = open_null();
  const int old = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(first.get(), kept);
  EXPECT_TRUE(is_open(kept));
}

TEST(Fd, SurvivesMoveAssignmentToItself) {
  auto fd = open_null();
  auto& alias = fd;
  fd = std::move(alias);
  EXPECT_TRUE(fd);
  EXPECT_TRUE(is_open(fd.get()));
}

TEST(Fd, HoldsNothingByDefault) {
  const Fd fd;
  EXPECT_FALSE(fd);
  EXPECT_EQ(fd.get(), -1);
}

TEST(MappedFile, HoldsAFilesBytesWhateverBecomesOfItsPath) {
  const test::TemporaryFolder folder;
  const auto path = folder.file("a", "hello");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().context;
  struct stat info{};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(file->id().inode, info.st_ino);
  EXPECT_EQ(file->id().device, info.st_dev);
  ASSERT_EQ(unlink(path.c_str()), 0);
  EXPECT_EQ(text_of(*file), "hello");
  EXPECT_TRUE(is_open(file->fd()));
}

TEST(MappedFile, LetsGoOfTheOldFileOnMoveAssignment) {
  const test::TemporaryFolder folder;
  auto first = MappedFile::open(folder.file("a", "one")).value();
  const int old = first.fd();
  first = MappedFile::open(folder.file("b", "second")).value();
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(text_of(first), "second");
}

TEST(MappedFile, IsEmptyOnceMovedFrom) {
  const test::TemporaryFolder folder;
  auto from = MappedFile::open(folder.file("a", "one")).value();
  const auto to = std::move(from);
  EXPECT_EQ(text_of(to), "one");
  EXPECT_TRUE(from.bytes().empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(from.fd(), -1);
}

TEST(MappedFile, RefusesWhatIsNoRegularFile) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.at("fifo").c_str(), 0600), 0);
  struct Case {
    std::string path;
    Errc code;
  };
  for (const auto& [path, code] : {
           Case{folder.at("missing"), Errc::kNotFound},
           Case{folder.file("file", "x") + "/below", Errc::kNotFound},
           Case{folder.at(""), Errc::kMalformed},
           Case{folder.file("empty", ""), Errc::kMalformed},
           Case{folder.at("fifo"), Errc::kMalformed},  // and nobody writes to it
           Case{"/dev/null", Errc::kMalformed},
           Case{"/proc/self/status", Errc::kMalformed},  // regular, of size 0
           Case{"", Errc::kNotFound},
       }) {
    const auto file = MappedFile::open(path);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, code) << file.error().context;
    EXPECT_TRUE(file.error().context.starts_with(path)) << file.error().context;
  }
}

TEST(MappedFile, SaysWhenItMayNotRead) {
  constexpr uid_t kNobody = 65534;
  const test::TemporaryFolder folder;
  const auto path = folder.file("secret", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const auto user = geteuid();
  const bool is_root = user == 0;  // who may read everything
  ASSERT_TRUE(!is_root || seteuid(kNobody) == 0);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(!is_root || seteuid(user) == 0);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::kPermission) << file.error().context;
}

}  // namespace
}  // namespace gomapd::proc
