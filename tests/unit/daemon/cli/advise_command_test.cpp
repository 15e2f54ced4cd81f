// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The planner of `gomapd advise`, through the program itself.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

namespace gomapd::cli {
namespace {

struct Outcome {
  int exit_code = -1;
  std::string output;
};

Outcome run_advise(const std::string& arguments, const std::string& kept) {
  const auto command = "timeout 10 " GOMAPD_BINARY " advise " + arguments + " </dev/null " + kept;
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

constexpr auto* kPlan = "--qps 100 --lifetime 10s --zipf-alpha 1 --entry-bytes 16 --keys 1000";

TEST(AdviseCommand, PlansACache) {
  const auto outcome = run_advise(std::string(kPlan) + " --json", "2>/dev/null");
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.output, nullptr, /*allow_exceptions=*/false);
  EXPECT_EQ(json["requests"], 1000);
  EXPECT_EQ(json["keys"], 1000);
  EXPECT_EQ(json["impl"], "swiss");
  // 333.7468556993296: the sum of 1 - (1 - 1/(k H))^1000, by another program.
  EXPECT_NEAR(json["expected_keys"].get<double>(), 333.7468556993296, 1e-9);
  EXPECT_EQ(json["hint"], 334);
  EXPECT_EQ(json["table_slots"], 512);
  EXPECT_EQ(json["growths_saved"], 6);
}

TEST(AdviseCommand, PlansACacheInWords) {
  const auto outcome = run_advise(std::string(kPlan) + " --go 1.23", "2>/dev/null");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.output.find("make(map[K]V, 334)"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("B = 6: 64 buckets"), std::string::npos) << outcome.output;
}

class AdviseCommandRefuses : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(AdviseCommandRefuses, WhatMakesNoSense) {
  const auto outcome = run_advise(GetParam().first, "2>&1 >/dev/null");
  EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
  EXPECT_NE(outcome.output.find(GetParam().second), std::string::npos) << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(
    Cli, AdviseCommandRefuses,
    testing::Values(
        std::pair{"", "say what to trace"}, std::pair{"--percentile 0 -p 1", "--percentile"},
        std::pair{"--percentile 101 -p 1", "--percentile"}, std::pair{"--keys 5", "--qps"},
        std::pair{"--qps 5", "--lifetime"},
        std::pair{"-p 1 --detail assign", "advice comes from growths alone"},
        std::pair{"--qps 5 --lifetime x --zipf-alpha 1 --entry-bytes 8", "--lifetime x"},
        std::pair{"--qps 5 --lifetime 5 --zipf-alpha 1 --entry-bytes 8", "--keys N"},
        std::pair{"--qps 5 --lifetime 5 --zipf-alpha 2 --entry-bytes 0", "--entry-bytes"},
        std::pair{"--qps 5 --lifetime 5 --zipf-alpha 2 --entry-bytes 8 --go 1.9", "--go 1.9"},
        std::pair{"--qps 1e12 --lifetime 1h --zipf-alpha 0 --keys 1000000000000000 "
                  "--entry-bytes 8",
                  "more than can be planned"},
        std::pair{"--qps 5 --lifetime 5 --zipf-alpha 2 --entry-bytes 8 -p 1", "one of them"}));

}  // namespace
}  // namespace gomapd::cli
