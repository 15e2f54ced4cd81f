// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What `doctor` says of this host is what tracing here shows.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

TEST(DoctorLive, FindsThatThisHostCanTrace) {
  GOMAPD_LIVE_OR_SKIP();
  const auto finished = run({gomapd_path(), "doctor", "--json"});
  EXPECT_EQ(finished.ending.code, 0) << finished.errors;
  const auto report = Json::parse(finished.output);
  EXPECT_EQ(report["can_trace"], true);
  for (const auto& check : report["checks"]) EXPECT_EQ(check["ok"], true) << check;
  const auto& hit = report["hit_ns"];
  EXPECT_EQ(hit["measured"], true);
  EXPECT_GT(hit["emulated"], 0);
  EXPECT_GT(hit["stepped"], hit["emulated"]);
  const auto text = run({gomapd_path(), "doctor"});
  EXPECT_EQ(text.ending.code, 0);
  EXPECT_NE(text.output.find("Go programs can be traced here."), std::string::npos);
}

TEST(DoctorLive, SaysWhatOrdinaryUsersLack) {
  GOMAPD_LIVE_OR_SKIP();
  ScratchFolder folder;
  std::filesystem::copy_file(gomapd_path(), folder / "gomapd");
  const auto finished =
      run({"setpriv", "--reuid", "65534", "--clear-groups", folder / "gomapd", "doctor", "--json"});
  EXPECT_EQ(finished.ending.code, 3) << finished.errors;
  const auto report = Json::parse(finished.output);
  EXPECT_EQ(report["can_trace"], false);
  EXPECT_EQ(report["hit_ns"]["measured"], false);
  for (const auto& check : report["checks"])
    EXPECT_EQ(check["ok"], check["name"] != "permission") << check;
  EXPECT_NE(finished.errors.find("permission"), std::string::npos);
}

}  // namespace
}  // namespace gomapd::live
