// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What gomapd gives up for itself it does not take from what it starts.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "tests/live/lab.h"
#include "tests/live/run.h"

namespace gomapd::live {
namespace {

std::map<std::string, std::string> status_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/status");
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(":\t"); colon != std::string::npos)
      values[line.substr(0, colon)] = line.substr(colon + 2);
  return values;
}

TEST(Privilege, OfAStartedCommandIsOurs) {
  GOMAPD_LIVE_OR_SKIP();
  const auto build = any_swiss();
  if (!build) GTEST_SKIP() << "no Go toolchain";
  const auto truth = build_truth(*build);
  ASSERT_TRUE(truth.has_value()) << truth.error();
  ScratchFolder folder;
  Child trace({gomapd_path(), "trace", "--", *truth, "-wait", "-out", folder / "truth", "none"});
  ASSERT_TRUE(trace.wait_for_errors("tracing process ")) << trace.errors();
  ASSERT_TRUE(trace.wait_for_output("ready\n")) << trace.errors();
  const auto told = trace.errors();
  const auto at = told.find("tracing process ") + std::string("tracing process ").size();
  auto command = status_of(told.substr(at, told.find(' ', at) - at));
  auto ours = status_of("self");
  for (const auto* field : {"CapEff", "CapPrm", "CapBnd", "CapInh", "NoNewPrivs", "Seccomp"})
    EXPECT_EQ(command[field], ours[field]) << field;
  EXPECT_EQ(command["Seccomp"], "0");
  EXPECT_EQ(command["NoNewPrivs"], "0");
  trace.feed("w");
  EXPECT_EQ(trace.wait().code, 0) << trace.errors();
}

}  // namespace
}  // namespace gomapd::live
