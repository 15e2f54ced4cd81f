// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::app {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class OutputFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.at(".")), fs::directory_iterator()));
  }
  [[nodiscard]] fs::path path() const { return folder_.at("result"); }

  test::TemporaryFolder folder_;
};

TEST_F(OutputFileTest, AppearsWhole) {
  auto file = OutputFile::open(path());
  ASSERT_TRUE(file.has_value());
  EXPECT_FALSE(fs::exists(path()));
  ASSERT_TRUE(file->commit("all of it").has_value());
  EXPECT_EQ(content(path()), "all of it");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, LeavesNothingBehindWithoutAResult) {
  {
    EXPECT_TRUE(OutputFile::open(path()).has_value());
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(OutputFileTest, ReplacesAFileAndKeepsItsMode) {
  std::ofstream(path()) << "an older result";
  fs::permissions(path(), fs::perms(0640));
  ASSERT_TRUE(OutputFile::open(path())->commit("new").has_value());
  EXPECT_EQ(content(path()), "new");
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms(0640));
}

TEST_F(OutputFileTest, FollowsALinkInsteadOfReplacingIt) {
  std::ofstream(path()) << "an older result";
  const auto link = fs::path(folder_.at("link"));
  fs::create_symlink(path(), link);
  ASSERT_TRUE(OutputFile::open(link)->commit("new").has_value());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(content(path()), "new");
}

TEST_F(OutputFileTest, LeavesSpecialFilesInTheirPlace) {
  ASSERT_TRUE(OutputFile::open("/dev/null")->commit("new").has_value());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputFileTest, RefusesWhatCanNotBeWritten) {
  for (const auto& bad : {folder_.at("no/such"), folder_.at(""), std::string("/proc/x")}) {
    const auto file = OutputFile::open(bad);
    ASSERT_FALSE(file.has_value()) << bad;
    EXPECT_NE(file.error().context.find(bad), std::string::npos) << file.error().context;
  }
}

}  // namespace
}  // namespace gomapd::app
