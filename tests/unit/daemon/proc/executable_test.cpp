// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/executable.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::proc {
namespace {

// Runs with a PATH of its own; folders a and b hold the files that a test puts
// there, the working folder is one of its own.
class FindExecutable : public testing::Test {
 protected:
  FindExecutable() : old_folder_(std::filesystem::current_path()) {
    if (const char* path = std::getenv("PATH"); path != nullptr) old_path_ = path;
    std::filesystem::create_directory(folder_.at("a"));
    std::filesystem::create_directory(folder_.at("b"));
    std::filesystem::create_directory(folder_.at("cwd"));
    std::filesystem::current_path(folder_.at("cwd"));
    set_path(folder_.at("a") + ":" + folder_.at("b"));
  }
  ~FindExecutable() override {
    std::filesystem::current_path(old_folder_);
    set_path(old_path_);
  }

  static void set_path(const std::string& path) { setenv("PATH", path.c_str(), 1); }

  test::TemporaryFolder folder_;
  std::filesystem::path old_folder_;
  std::string old_path_;
};

TEST_F(FindExecutable, TakesTheFirstInPath) {
  const auto in_b = folder_.file("b/tool", "x", true);
  EXPECT_EQ(find_executable("tool").value(), in_b);
  const auto in_a = folder_.file("a/tool", "x", true);
  EXPECT_EQ(find_executable("tool").value(), in_a);
}

TEST_F(FindExecutable, PassesOverFoldersAndFilesThatMayNotRun) {
  std::filesystem::create_directory(folder_.at("a/tool"));
  EXPECT_EQ(find_executable("tool").error().code, Errc::kNotFound);
  const auto in_b = folder_.file("b/tool", "x", true);
  EXPECT_EQ(find_executable("tool").value(), in_b);
  std::filesystem::permissions(in_b, std::filesystem::perms::owner_read);
  EXPECT_EQ(find_executable("tool").error().code, Errc::kNotFound);
}

// execvp(3): an empty part of PATH is the working folder.
TEST_F(FindExecutable, TakesAnEmptyPartOfPathAsTheWorkingFolder) {
  (void)folder_.file("cwd/tool", "x", true);
  EXPECT_EQ(find_executable("tool").error().code, Errc::kNotFound);
  for (const std::string path : {"", ":/nowhere", "/nowhere:", "/nowhere::/nowhere"}) {
    set_path(path);
    EXPECT_EQ(find_executable("tool").value(), "./tool") << path;
  }
}

TEST_F(FindExecutable, SearchesTheUsualFoldersWithoutPath) {
  unsetenv("PATH");
  const auto found = find_executable("sh");
  ASSERT_TRUE(found) << found.error().context;
  EXPECT_TRUE(*found == "/bin/sh" || *found == "/usr/bin/sh") << *found;
}

TEST_F(FindExecutable, DoesNotSearchForAPath) {
  const auto in_a = folder_.file("a/tool", "x", true);
  EXPECT_EQ(find_executable(in_a).value(), in_a);
  EXPECT_EQ(find_executable("../a/tool").value(), "../a/tool");
  EXPECT_EQ(find_executable("./tool").error().code, Errc::kNotFound);
  EXPECT_EQ(find_executable(folder_.at("a")).error().code, Errc::kNotFound);
}

TEST_F(FindExecutable, FindsNothingForNoNameOrAnUnknownOne) {
  const auto unknown = find_executable("no-such-tool");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().context, "no-such-tool: not found in PATH");
  EXPECT_EQ(find_executable("").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace gomapd::proc
