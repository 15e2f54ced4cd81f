// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// Real programs, nearly all stripped: nobody counts for them, but what they do
// must be what Go's maps can do.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"
#include "tests/live/workloads.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class Targets : public testing::TestWithParam<Target> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    if (!GetParam().compiler_of.empty()) {
      GOMAPD_BUILD_OR_SKIP(Build{GetParam().compiler_of});
      program_ = compiler_path(GetParam().compiler_of);
      return;
    }
    const auto script = source_folder() / "scripts" / "targets.sh";
    Child fetch({script, GetParam().name});
    const auto ending = fetch.wait(std::chrono::minutes(10));
    const auto line = fetch.output();
    const auto blank = line.find(' ');
    if (ending.code != 0 || blank == std::string::npos) {
      GTEST_SKIP() << GetParam().name << " is not to be had: " << fetch.errors();
    }
    program_ = line.substr(blank + 1, line.find('\n') - blank - 1);
    if (!GetParam().beside.empty()) program_.replace_filename(GetParam().beside);
  }

  // Runs the program by itself, which must work, and then traced.
  void trace() {
    const auto arguments = GetParam().prepare(folder_.path());
    SpawnOptions options{.environment = {"HOME=" + folder_.path().string()}};
    std::vector<std::string> argv = {program_};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto alone = run(argv, options);
    ASSERT_EQ(alone.ending.code, 0) << alone.errors;

    fs::remove_all(folder_ / "blocks");
    argv.insert(argv.begin(), {gomapd_path(), "trace", "--json", "-o", folder_ / "report",
                               "--ring-bytes", "67108864", "--"});
    const auto traced = run(argv, options);
    ASSERT_EQ(traced.ending.code, 0) << traced.errors;
    report_ = parse_report(read_file(folder_ / "report"));
  }

  ScratchFolder folder_;
  fs::path program_;
  Report report_;
};

TEST_P(Targets, GrowAsGoMapsDo) {
  ASSERT_NO_FATAL_FAILURE(trace());
  if (IsSkipped()) return;
  EXPECT_GT(count(report_, "growth_started"), 0);
  EXPECT_EQ(count(report_, "finished_only"), 0);
  const auto form = check_form(report_);
  EXPECT_TRUE(form.empty()) << form.text();
  const auto model = check_model(report_, GetParam().keys_per_bucket);
  EXPECT_TRUE(model.empty()) << model.text();
  for (const auto& process : report_.summary["processes"]) {
    EXPECT_EQ(process["impl"], GetParam().design);
  }
  if (GetParam().design == "swiss") {
    EXPECT_EQ(count(report_, "in_progress"), 0);
    EXPECT_GT(report_.summary["by_kind"].value("to_table", 0), 0);
  } else {
    EXPECT_GT(report_.summary["by_kind"].value("double", 0), 0);
  }
}

TEST_P(Targets, HaveTypesAndPlaces) {
  ASSERT_NO_FATAL_FAILURE(trace());
  if (IsSkipped()) return;
  int untyped = 0;
  for (const auto& site : report_.summary["sites"]) {
    if (!site["map_type"].is_string()) ++untyped;
  }
  EXPECT_EQ(untyped, 0);
  EXPECT_TRUE(std::ranges::any_of(report_.summary["sites"], [](const Json& site) {
    return !site["function"].get<std::string>().starts_with("runtime.");
  }));
}

std::string target_name(const testing::TestParamInfo<Target>& info) {
  auto name = info.param.name;
  std::ranges::replace_if(
      name, [](char c) { return isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Live, Targets, testing::ValuesIn(targets()), target_name);

}  // namespace
}  // namespace gomapd::live
