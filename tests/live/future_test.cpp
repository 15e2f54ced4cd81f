// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// The truth program of the newest toolchain, made to say that a release which
// does not exist yet has built it: traced exactly, and said to be assumed.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"
#include "tests/support/patch.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class FutureRelease : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const Build newest{"1.27"};
    GOMAPD_BUILD_OR_SKIP(newest);
    const auto built = build_truth(newest);
    ASSERT_TRUE(built.has_value()) << built.error();
    auto bytes = test::read_file(*built);
    ASSERT_TRUE(bytes.has_value());
    ASSERT_TRUE(test::set_go_version(*bytes, GetParam()));
    program_ = folder_ / "future";
    write_file(program_, {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    fs::permissions(program_, fs::perms(0755));
  }

  ScratchFolder folder_;
  fs::path program_;
};

TEST_P(FutureRelease, IsTracedExactly) {
  const auto traced = trace_command(program_, {"all"}, {"--ring-bytes", "67108864"});
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  const auto truth = check_truth(traced.report, traced.truth, {});
  EXPECT_TRUE(truth.empty()) << truth.text();
  const auto& process = traced.report.summary["processes"][0];
  EXPECT_EQ(process["go_version"], GetParam());
  EXPECT_EQ(process["assumed_rules"], "go1.27");
  EXPECT_EQ(traced.report.summary["model_divergences"], 0);
}

INSTANTIATE_TEST_SUITE_P(Live, FutureRelease,
                         testing::Values("go1.28.0", "devel go1.28-abcdef Mon Nov 2 2026"),
                         [](const auto& test) { return "v" + std::to_string(test.index); });

}  // namespace
}  // namespace gomapd::live
