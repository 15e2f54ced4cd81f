// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `gomapd model`, through the program itself.
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

Outcome run_model(const std::string& arguments, const std::string& kept) {
  const auto command = "timeout 10 " GOMAPD_BINARY " model " + arguments + " </dev/null " + kept;
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

nlohmann::json json_of(const std::string& arguments) {
  const auto outcome = run_model(arguments + " --json", "2>/dev/null");
  EXPECT_EQ(outcome.exit_code, 0) << arguments;
  return nlohmann::json::parse(outcome.output, nullptr, /*allow_exceptions=*/false);
}

TEST(ModelCommand, HasTheFieldsOfAClassicMap) {
  const auto json = json_of("--go 1.23 --hint 1000");
  EXPECT_EQ(json["go_version"], "go1.23");
  EXPECT_EQ(json["impl"], "classic");
  EXPECT_EQ(json["hint"], 1000);
  EXPECT_EQ(json["b"], 8);
  EXPECT_EQ(json["buckets"], 256);
  EXPECT_EQ(json["slots"], 2048);
  EXPECT_EQ(json["bytes"], 40960);
  EXPECT_EQ(json["growths"], nlohmann::json::array());
  EXPECT_EQ(json["total_bytes"], 40960);
  EXPECT_EQ(json["discarded_bytes"], 0);
  EXPECT_FALSE(json.contains("inserts"));
  EXPECT_FALSE(json.contains("tables"));
}

TEST(ModelCommand, HasTheFieldsOfASwissMap) {
  const auto json = json_of("--go go1.26.11 --inserts 20");
  EXPECT_EQ(json["impl"], "swiss");
  EXPECT_EQ(json["inserts"], 20);
  EXPECT_EQ(json["tables"], nlohmann::json::array({32}));
  EXPECT_EQ(json["slots"], 32);
  ASSERT_EQ(json["growths"].size(), 2U);
  EXPECT_EQ(json["growths"][0]["kind"], "to_table");
  EXPECT_EQ(json["growths"][0]["keys"], 8);
  EXPECT_EQ(json["growths"][0]["old"], 8);
  EXPECT_EQ(json["growths"][0]["new"], 16);
  EXPECT_EQ(json["growths"][0]["bytes"], 320);
  EXPECT_EQ(json["growths"][1]["kind"], "table_double");
  EXPECT_FALSE(json.contains("b"));
  EXPECT_EQ(json_of("--go 1.26 --hint 8")["tables"], nlohmann::json::array());
}

TEST(ModelCommand, KnowsBothDesignsOfGo124) {
  EXPECT_EQ(json_of("--go 1.24 --hint 9")["impl"], "swiss");
  EXPECT_EQ(json_of("--go 1.24 --classic --hint 9")["b"], 1);
  EXPECT_EQ(json_of("--go 'go1.25.3 X:noswissmap' --hint 9")["b"], 1);
}

TEST(ModelCommand, TakesTheSizesOfKeyAndElement) {
  EXPECT_EQ(json_of("--go 1.23 --hint 9 --key-size 16 --elem-size 0")["bucket_bytes"], 144);
  EXPECT_EQ(json_of("--go 1.27 --hint 9 --key-size 16 --key-align 1 --elem-size 1")["group_bytes"],
            8 + 8 * 17);
  // Since Go 1.22 what holds pointers has a header.
  EXPECT_EQ(json_of("--go 1.23 --hint 26 --key-size 8 --elem-size 8")["bytes"], 576);
  EXPECT_EQ(json_of("--go 1.23 --hint 26 --key-pointers")["bytes"], 640);
}

TEST(ModelCommand, AnswersTheLargestQuestionsAtOnce) {
  EXPECT_EQ(json_of("--go 1.21 --inserts 1099511627776")["b"], 38);
  EXPECT_TRUE(json_of("--go 1.27 --inserts 1099511627776")["tables"].is_null());
}

TEST(ModelCommand, AssumesTheNewestRulesForWhatComesAfterThem) {
  auto known = json_of("--go 1.27 --inserts 1000");
  for (const std::string version : {"1.28", "go1.28.1", "'devel go1.29-abcdef Mon'"}) {
    auto json = json_of("--go " + version + " --inserts 1000");
    EXPECT_EQ(json["assumed_rules"], "go1.27") << version;
    json.erase("assumed_rules");
    json["go_version"] = known["go_version"];
    EXPECT_EQ(json, known) << version;
  }
  EXPECT_FALSE(known.contains("assumed_rules"));
  EXPECT_EQ(json_of("--go 'devel go1.29-abcdef Mon' --hint 9")["go_version"],
            "devel go1.29-abcdef Mon");
  EXPECT_NE(run_model("--go 1.28 --hint 9", "").output.find("go1.27's are assumed"),
            std::string::npos);
  EXPECT_EQ(run_model("--go 1.28 --classic --hint 1", ">/dev/null 2>&1").exit_code, 2);
}

TEST(ModelCommand, EndsWithStatus2AndOneLineWhenItIsAskedWrong) {
  for (const std::string arguments :
       {"--go 1.14 --hint 1", "--go 1 --hint 1", "--go x --hint 1", "--go '' --hint 1", "--go 1.23",
        "--go 1.26 --classic --hint 1", "--go 'go1.27 X:noswissmap' --hint 1",
        "--go 1.23 --hint 1 --key-size 3 --key-align 2",
        "--go 1.23 --hint 1 --key-size 4 --key-pointers",
        "--go 1.23 --hint 1 --elem-size 0 --elem-pointers"}) {
    const auto outcome = run_model(arguments, "2>&1 >/dev/null");
    EXPECT_EQ(outcome.exit_code, 2) << arguments << ": " << outcome.output;
    EXPECT_TRUE(outcome.output.starts_with("gomapd: model: ")) << outcome.output;
    EXPECT_EQ(outcome.output.find('\n'), outcome.output.size() - 1) << outcome.output;
  }
  for (const std::string arguments :
       {"--hint 3", "--go 1.23 --hint -1", "--go 1.23 --hint 1 --inserts 2", "--go 1.23 --hint x",
        "--go 1.23 --hint 1099511627777", "--go 1.23 --hint 1 --key-align 3"})
    EXPECT_EQ(run_model(arguments, ">/dev/null 2>&1").exit_code, 2) << arguments;
}

}  // namespace
}  // namespace gomapd::cli
