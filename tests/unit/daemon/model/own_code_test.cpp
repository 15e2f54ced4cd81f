// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/own_code.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/go_build.h"

namespace gomapd::model {
namespace {

TEST(OwnCode, KnowsTheStandardLibrary) {
  for (const auto* function :
       {"runtime.main", "net/http.(*conn).serve", "net/url.Values.Add", "internal/abi.FuncPCABI0",
        "vendor/golang.org/x/net/idna.init", "maps.Copy[...]", "encoding/json.Unmarshal",
        "slices.Collect[go.shape.[]github.com/a/b.T]", "sync.(*Once).doSlow"})
    EXPECT_TRUE(is_standard_library(function)) << function;
}

TEST(OwnCode, KnowsWhatIsNot) {
  for (const auto* function :
       {"main.main", "main.fill[go.shape.int]", "github.com/a/b.(*T).Add", "sessions/store.Put",
        "golang.org/x/net/http2.init", "go.uber.org/zap.New", "io.example.com/a.F",
        "gopkg.in/yaml%2ev3.init", "cmd/compile/internal/ssa.Compile", ""})
    EXPECT_FALSE(is_standard_library(function)) << function;
}

// Of each toolchain at hand: a folder of its sources holds a package of Go's.
TEST(OwnCode, KnowsEachPackageOfEachToolchain) {
  const auto minors = test::go_minors();
  if (minors.empty()) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh";
  for (const auto& minor : minors)
    for (const auto& entry : std::filesystem::directory_iterator(*test::go_root(minor) / "src")) {
      const auto name = entry.path().filename().string();
      if (!entry.is_directory() || name == "cmd" || name == "builtin" || name == "testdata")
        continue;
      EXPECT_TRUE(is_standard_library(name + ".F")) << minor;
      EXPECT_TRUE(is_standard_library(name + "/sub.(*T).F")) << minor;
    }
}

TEST(OwnCode, FindsTheNearestFrame) {
  const Stack stack{{"net/url.Values.Add", "url.go", 5, false, 0},
                    {"", "", 0, false, 0},
                    {"main.ofGo", "m.go", 7, false, 0},
                    {"main.main", "m.go", 9, false, 0}};
  ASSERT_NE(nearest_own_frame(stack), nullptr);
  EXPECT_EQ(nearest_own_frame(stack)->line, 7);
  EXPECT_EQ(nearest_own_frame({}), nullptr);
}

}  // namespace
}  // namespace gomapd::model
