// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// A Go library (-buildmode=c-shared) that a program in C has loaded.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class GoLibrary : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(Build{GetParam()});
    host_ = folder_ / "host";
    const auto compiled = run({"cc", "-o", host_, source_folder() / "tests/live/c/host.c", "-ldl"});
    if (compiled.ending.code != 0) GTEST_SKIP() << "no C compiler: " << compiled.errors;
    const auto built = test::build_go_program(*test::go_root(GetParam()),
                                              source_folder() / "tests/live/go/library",
                                              {"-buildmode=c-shared"}, {"CGO_ENABLED=1"});
    if (!built) GTEST_SKIP() << "no c-shared library here: " << built.error().context;
    library_ = *built;
  }

  static Finished trace(const Child& host, const Arguments& options) {
    Arguments arguments{gomapd_path(), "trace", "-p", std::to_string(host.pid())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }

  ScratchFolder folder_;
  fs::path host_;
  fs::path library_;
};

class GoLibraryOfOldGo : public GoLibrary {};

TEST_P(GoLibrary, IsTracedInsideItsProgram) {
  Child host({host_, library_});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  Child gomapd({gomapd_path(), "trace", "--json", "-o", folder_ / "report", "-p",
                std::to_string(host.pid())});
  ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
  EXPECT_NE(gomapd.errors().find(library_.string()), std::string::npos) << gomapd.errors();
  host.feed("w");
  ASSERT_TRUE(host.wait_for_output("done\n"));
  host.feed("x");
  EXPECT_EQ(host.wait().code, 0);
  EXPECT_EQ(gomapd.wait().code, 0);
  const auto report = parse_report(read_file(folder_ / "report"));
  EXPECT_TRUE(report.problems.empty()) << report.problems.text();
  int64_t growths = 0;
  for (const auto& site : report.summary["sites"])
    if (site["function"] == "main.fill") growths += site["growths"].get<int64_t>();
  EXPECT_EQ(growths, 4 * 100);
  EXPECT_EQ(report.summary["model_divergences"], 0);
}

TEST_P(GoLibrary, IsInspectedInsideItsProgram) {
  Child host({host_, library_});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  const auto inspected = run({gomapd_path(), "inspect", "-p", std::to_string(host.pid())});
  EXPECT_EQ(inspected.ending.code, 0) << inspected.errors;
  EXPECT_NE(inspected.output.find(library_.string()), std::string::npos) << inspected.output;
}

TEST_P(GoLibrary, IsRefusedBesideAnother) {
  const auto other = folder_ / "other";
  fs::copy_file(library_, other);
  Child host({host_, library_, other});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  const auto refused = trace(host, {"-d", "1s"});
  EXPECT_EQ(refused.ending.code, 4);
  EXPECT_NE(refused.errors.find("2 Go libraries"), std::string::npos) << refused.errors;
}

TEST_P(GoLibraryOfOldGo, IsRefused) {
  Child host({host_, library_});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  const auto refused = trace(host, {"-d", "1s"});
  EXPECT_EQ(refused.ending.code, 4);
  EXPECT_NE(refused.errors.find(library_.string()), std::string::npos) << refused.errors;
  EXPECT_TRUE(host.running());
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  auto name = "go" + info.param;
  std::ranges::replace(name, '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Live, GoLibrary, testing::Values("1.19", "1.23", "1.26", "1.27"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Live, GoLibraryOfOldGo, testing::Values("1.15"), test_name);

}  // namespace
}  // namespace gomapd::live
