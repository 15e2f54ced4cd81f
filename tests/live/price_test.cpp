// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What tracing a program would cost it, said beforehand: against what it does.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "tests/live/lab.h"
#include "tests/live/probes_in.h"
#include "tests/live/storm_program.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

// Growths of a map of 100 keys: 8, 13, 26 and 52 keys are outgrown in classic maps,
// 8 and then 7/8 of 16, 32 and 64 slots in Swiss ones.
constexpr double kGrowthsOfAMap = 4;

class PriceLive : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/storm");
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }
  static std::string number(pid_t pid) { return std::to_string(pid); }

  std::filesystem::path program_;
};

TEST_P(PriceLive, IsSaidBeforeAnythingIsCounted) {
  StormProgram storm(program_);
  storm.tell("storm 1");
  const auto began = std::chrono::steady_clock::now();
  const auto before = storm.tell("make 0");
  const auto said =
      run({gomapd_path(), "trace", "--dry-run", "--json", "-d", "2s", "-p", number(storm.pid())});
  const auto made = static_cast<double>(storm.tell("make 0") - before);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  ASSERT_EQ(said.ending.code, 0) << said.errors;
  const auto price = Json::parse(said.output);
  EXPECT_EQ(price["event"], "estimate");
  EXPECT_EQ(price["pid"], storm.pid());
  EXPECT_EQ(price["at_most"], false);
  EXPECT_EQ(price["sampled"], true);
  const auto truth = made * kGrowthsOfAMap / taken.count();
  const auto rate = price["growths_per_second"].get<double>();
  const auto error = price["growths_per_second_error"].get<double>();
  EXPECT_NEAR(rate, truth, std::max(4 * error, 0.4 * truth));
  const auto& levels = price["levels"];
  EXPECT_GT(levels[0]["overhead_ratio"], 0.05);
  EXPECT_LT(levels[0]["overhead_ratio"], 1);
  EXPECT_GE(levels[1]["hits_per_second"], levels[0]["hits_per_second"]);
  const auto left = breakpoints_in(storm.pid(), program_);
  EXPECT_EQ(left.changed, 0) << left.failure;
  storm.tell("stop");

  // And when it rests, nothing, or a bound.
  const auto rest = run(
      {gomapd_path(), "inspect", "--estimate", "--json", "-d", "500ms", "-p", number(storm.pid())});
  ASSERT_EQ(rest.ending.code, 0) << rest.errors;
  const auto quiet = Json::parse(rest.output)["estimate"];
  EXPECT_LT(quiet["growths_per_second"].get<double>(), 0.1 * rate) << quiet;
  EXPECT_EQ(quiet["levels"].size(), 3);
  const auto text =
      run({gomapd_path(), "trace", "--dry-run", "-d", "300ms", "-p", number(storm.pid())});
  EXPECT_EQ(text.ending.code, 0) << text.errors;
  EXPECT_NE(text.output.find("What tracing process"), std::string::npos) << text.output;
  storm.quit();
}

// trace --max-overhead counts what it can afford and estimates the rest; what it says
// of both is what the program did.
TEST_P(PriceLive, IsKeptByATrace) {
  StormProgram storm(program_);
  Child tracing(
      {gomapd_path(), "trace", "--json", "--max-overhead", "1", "-p", number(storm.pid())});
  ASSERT_TRUE(tracing.wait_for_errors("gomapd: tracing")) << tracing.errors();
  storm.tell("storm 1");
  std::this_thread::sleep_for(std::chrono::seconds(6));
  const auto made = static_cast<double>(storm.tell("stop"));
  tracing.send_signal(SIGINT);
  ASSERT_EQ(tracing.wait().code, 0) << tracing.errors();
  const auto output = tracing.output();
  const auto last = output.rfind('\n', output.size() - 2);
  const auto summary = Json::parse(output.substr(last == std::string::npos ? 0 : last + 1));
  EXPECT_EQ(summary["estimated"], true);
  const auto counted = summary["counts"]["growth_started"].get<double>();
  const auto estimated = summary["estimated_growths"].get<double>();
  const auto error = summary["estimated_growths_error"].get<double>();
  const auto truth = made * kGrowthsOfAMap;
  EXPECT_GT(counted, 0);
  EXPECT_LT(counted, 0.5 * truth);
  EXPECT_NEAR(counted + estimated, truth, std::max(4 * error, 0.2 * truth)) << "± " << error;
  EXPECT_EQ(summary["counts"]["in_progress"], 0);
  EXPECT_EQ(summary["model_divergences"], 0);
  // Hits in windows are hits, too.
  const auto in_windows = summary["sampled_hits"].get<std::uint64_t>();
  EXPECT_GT(in_windows, 0);
  EXPECT_GT(summary["probe_hits"].get<double>(), counted + static_cast<double>(in_windows));
  double at_sites = 0;
  for (const auto& site : summary["sites"])
    if (site["function"] == "main.makeMap") at_sites += site["estimated_growths"].get<double>();
  EXPECT_NEAR(at_sites, estimated, 0.1 * estimated);
  EXPECT_EQ(breakpoints_in(storm.pid(), program_).changed, 0);
  storm.quit();
}

// One that does little is counted as if there were no budget.
TEST_P(PriceLive, IsNoneWhereLittleGrows) {
  StormProgram program(program_);
  Child tracing(
      {gomapd_path(), "trace", "--json", "--max-overhead", "1%", "-p", number(program.pid())});
  ASSERT_TRUE(tracing.wait_for_errors("gomapd: tracing")) << tracing.errors();
  program.tell("make 100");
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  program.quit();
  ASSERT_EQ(tracing.wait().code, 0) << tracing.errors();
  const auto output = tracing.output();
  const auto summary = Json::parse(output.substr(output.rfind('\n', output.size() - 2) + 1));
  EXPECT_EQ(summary["estimated"], false);
  EXPECT_EQ(summary.contains("estimated_growths"), false);
  EXPECT_EQ(summary["sampled_hits"], 0);
  for (const auto& site : summary["sites"])
    if (site["function"] == "main.makeMap") {
      EXPECT_EQ(site["growths"], 100 * kGrowthsOfAMap);
    }
}

TEST_P(PriceLive, RefusesWhatItCannotSample) {
  const auto code = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), gomapd_path());
    const auto ended = run(arguments);
    EXPECT_LE(std::ranges::count(ended.errors, '\n'), 2) << ended.errors;  // what, and --help
    EXPECT_EQ(ended.output, "");
    return ended.ending.code;
  };
  EXPECT_EQ(code({"trace", "--dry-run", "-p", "2147483647"}), 5);
  EXPECT_EQ(code({"trace", "--dry-run", "-p", number(getpid())}), 4);
  EXPECT_EQ(code({"trace", "--dry-run", "--", program_.string()}), 2);
  EXPECT_EQ(code({"trace", "--dry-run", "-o", "/nonexistent", "-p", number(getpid())}), 2);
  EXPECT_EQ(code({"inspect", "--estimate", program_.string()}), 2);
  EXPECT_EQ(code({"record", "--max-overhead", "1", "-o", "/dev/full", "-p", number(getpid())}), 2);
  EXPECT_EQ(code({"inspect", "-d", "1s", "-p", number(getpid())}), 2);
}

INSTANTIATE_TEST_SUITE_P(Live, PriceLive, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
