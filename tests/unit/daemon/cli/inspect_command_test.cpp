// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `gomapd inspect` of what is no Go program, through the program itself: one
// line, the right exit code, and never a hang.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "tests/unit/daemon/proc/temporary_folder.h"

namespace gomapd::cli {
namespace {

struct Outcome {
  int exit_code = -1;
  std::string output;
};

Outcome inspect(const std::string& path) {
  const auto command = "timeout 10 " GOMAPD_BINARY " inspect '" + path + "' </dev/null 2>&1";
  Outcome outcome;
  std::FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;)
    outcome.output.append(buffer.data(), count);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

void expect_refused(const std::string& path, int code, const std::string& why) {
  const auto outcome = inspect(path);
  EXPECT_EQ(outcome.exit_code, code) << outcome.output;
  EXPECT_TRUE(outcome.output.starts_with("gomapd: ")) << outcome.output;
  EXPECT_EQ(outcome.output.find('\n'), outcome.output.size() - 1) << outcome.output;
  EXPECT_NE(outcome.output.find(why), std::string::npos) << outcome.output;
}

class InspectCommand : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.at(name); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    return folder_.file(name, content);
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(InspectCommand, RefusesWhatIsNoFile) {
  expect_refused(path(""), 4, "a directory");
  expect_refused("/dev/null", 4, "not a regular file");
  expect_refused(path("missing"), 5, "No such file");
  expect_refused(write("file", "x") + "/below", 5, "Not a directory");
  expect_refused(std::string(5000, 'x'), 5, "File name too long");
  ASSERT_EQ(symlink(path("loop").c_str(), path("loop").c_str()), 0);
  expect_refused(path("loop"), 5, "symbolic links");
}

TEST_F(InspectCommand, WaitsForNoFifoAndOpensNoSocket) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  expect_refused(path("fifo"), 4, "not a regular file");
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  expect_refused(path("socket"), 4, "not a regular file");
  close(listener);
}

TEST_F(InspectCommand, RefusesAFileThatMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto file = write("secret", "x");
  ASSERT_EQ(chmod(file.c_str(), 0), 0);
  expect_refused(file, 3, "Permission denied");
}

TEST_F(InspectCommand, RefusesFilesOfOtherKinds) {
  expect_refused(write("empty", ""), 4, "an empty file");
  expect_refused(write("text", "hello\n"), 4, "not a Go program");
  expect_refused(write("script", "#!/bin/sh\n"), 4, "a script");
  expect_refused(write("windows", "MZ" + std::string(200, 'x')), 4, "a Windows program");
  expect_refused(write("macos", "\xcf\xfa\xed\xfe" + std::string(200, 'x')), 4, "a macOS program");
  expect_refused(write("archive", "!<arch>\n"), 4, "an archive");
  expect_refused(write("half",
                       "\x7f"
                       "ELF\2\1\1"),
                 4, "not a Go program");
  expect_refused("/bin/true", 4, "not a Go program");
}

}  // namespace
}  // namespace gomapd::cli
