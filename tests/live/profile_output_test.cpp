// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// The profiles of a trace: readable by Go's own tool, and in sum the summary.
#include <gtest/gtest.h>

#include <cstdint>
#include <regex>
#include <sstream>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

// Go's own pprof of a toolchain at hand; empty when there is none (from Go 1.25
// on it is built only when asked for).
fs::path pprof_tool() {
  for (const auto& version : test::go_minors()) {
    const auto tool = *test::go_root(version) / "pkg" / "tool" / "linux_amd64" / "pprof";
    if (version != "1.15" && fs::exists(tool)) return tool;
  }
  return {};
}

struct Sums {
  std::int64_t growths = 0;
  std::int64_t bytes = 0;
  std::int64_t time_ns = 0;
};

// `pprof -raw` prints a sample as "  3  448  9000: 1 2 3", then its labels.
Sums sums_of_raw(const std::string& raw) {
  static const std::regex kSample(R"(^\s*(\d+)\s+(\d+)\s+(\d+): )");
  Sums sums;
  std::istringstream lines(raw);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, kSample)) continue;
    sums.growths += std::stoll(match[1]);
    sums.bytes += std::stoll(match[2]);
    sums.time_ns += std::stoll(match[3]);
  }
  return sums;
}

Sums sums_of(const Json& summary) {
  Sums sums;
  for (const auto& process : summary["processes"]) {
    sums.growths += process["counts"]["growth_started"].get<std::int64_t>();
    sums.bytes += process["bytes"].get<std::int64_t>();
    sums.time_ns += process["growing_ns"].get<std::int64_t>();
  }
  return sums;
}

std::int64_t sum_of_folded(const std::string& folded) {
  std::int64_t sum = 0;
  std::istringstream lines(folded);
  for (std::string line; std::getline(lines, line);)
    sum += std::stoll(line.substr(line.rfind(' ') + 1));
  return sum;
}

class ProfileOutput : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), sources());
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  static fs::path sources() { return source_folder() / "tests" / "live" / "go" / "frames"; }

  void trace(const Arguments& options = {}) {
    Arguments all{"--pprof",          folder_ / "pprof", "--folded",
                  folder_ / "folded", "--flamegraph",    folder_ / "svg"};
    all.insert(all.end(), options.begin(), options.end());
    traced_ = trace_command(program_, {}, all);
    ASSERT_EQ(traced_.gomapd.ending.code, 0) << traced_.gomapd.errors;
  }

  [[nodiscard]] std::string pprof(const Arguments& options) const {
    // The program may have been built from another copy of these sources: the
    // tool looks for what follows the folder's own name.
    Arguments command{pprof_tool(), "-source_path=" + sources().string()};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(folder_ / "pprof");
    const auto finished =
        run(command, {.environment = {"PPROF_TMPDIR=" + folder_.path().string()}});
    EXPECT_EQ(finished.ending.code, 0) << finished.errors;
    return finished.output;
  }

  // The number of the line of cases.go that ends with `text`.
  static std::string line_with(std::string_view text) {
    std::istringstream lines(read_file(sources() / "cases.go"));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.ends_with(text)) return std::to_string(number);
    }
    return "no such line";
  }

  ScratchFolder folder_;
  fs::path program_;
  Traced traced_;
};

TEST_P(ProfileOutput, SumsUpToTheSummary) {
  if (pprof_tool().empty()) GTEST_SKIP() << "no toolchain at hand has the tool pprof";
  trace();
  const auto raw = pprof({"-raw"});
  const auto sums = sums_of_raw(raw);
  const auto expected = sums_of(traced_.report.summary);
  EXPECT_EQ(sums.growths, expected.growths);
  EXPECT_EQ(sums.bytes, expected.bytes);
  EXPECT_EQ(sums.time_ns, expected.time_ns);
  EXPECT_EQ(sums.growths, count(traced_.report, "growth_started"));
  EXPECT_NE(raw.find("growths/count"), std::string::npos) << raw.substr(0, 400);
  EXPECT_NE(raw.find("growth_time/nanoseconds"), std::string::npos);
  EXPECT_NE(raw.find(program_.string()), std::string::npos) << "the mapping";
  EXPECT_EQ(sum_of_folded(read_file(folder_ / "folded")), expected.growths);
}

TEST_P(ProfileOutput, NamesTheTrueLines) {
  if (pprof_tool().empty()) GTEST_SKIP() << "no toolchain at hand has the tool pprof";
  trace();
  EXPECT_NE(pprof({"-top"}).find("main.plain"), std::string::npos) << pprof({"-top"});
  EXPECT_NE(pprof({"-tree"}).find("main.grow"), std::string::npos);
  // The source's own line, and how often a map grew there.
  const auto list = pprof({"-list=^main.plain$"});
  const auto line = line_with("m[k] = here()");
  EXPECT_TRUE(
      std::regex_search(list, std::regex("[1-9]\\d* +[1-9]\\d* +" + line + ":.*here\\(\\)")))
      << line << "\n"
      << list;
  const auto tags = pprof({"-tags"});
  EXPECT_NE(tags.find("map[main.key]int"), std::string::npos) << tags;
  EXPECT_NE(tags.find("pid"), std::string::npos) << tags;
}

TEST_P(ProfileOutput, WeighsByWhatWasAskedFor) {
  trace({"--profile-by", "bytes"});
  const auto expected = sums_of(traced_.report.summary);
  EXPECT_EQ(sum_of_folded(read_file(folder_ / "folded")), expected.bytes);
  EXPECT_NE(read_file(folder_ / "svg").find("Bytes allocated"), std::string::npos);
}

TEST_P(ProfileOutput, ShowsRuntimeFramesOnDemand) {
  trace();
  const auto folded = read_file(folder_ / "folded");
  trace({"--runtime-frames"});
  const auto shown = read_file(folder_ / "folded");
  EXPECT_EQ(sum_of_folded(shown), sum_of_folded(folded));
  EXPECT_EQ(folded.find(";runtime.mapassign"), std::string::npos);
  EXPECT_NE(shown.find(";runtime.mapassign"), std::string::npos);
}

// The program removes itself and still works on: what is named comes from the
// file that was opened before.
TEST_P(ProfileOutput, NamesFunctionsOfAFileThatIsGone) {
  const auto truth = build_truth(GetParam());
  ASSERT_TRUE(truth.has_value()) << truth.error();
  fs::copy_file(*truth, folder_ / "program");
  Attached attached(folder_ / "program", {"sizes"}, {"--folded", folder_ / "folded"});
  ASSERT_EQ(attached.failure(), "");
  fs::remove(folder_ / "program");
  ASSERT_TRUE(attached.work());
  attached.leave();
  EXPECT_EQ(attached.finish().gomapd.ending.code, 0);
  const auto folded = read_file(folder_ / "folded");
  EXPECT_NE(folded.find("main.growInts"), std::string::npos) << folded;
  EXPECT_EQ(folded.find("[unknown]"), std::string::npos) << folded;
}

TEST_P(ProfileOutput, RefusesWhatCanNotBeWrittenBeforeTheTrace) {
  for (const auto* option : {"--pprof", "--folded", "--flamegraph"}) {
    const auto finished = run({gomapd_path(), "trace", option, folder_ / "no/such/folder", "--",
                               "/bin/touch", folder_ / "started"});
    EXPECT_EQ(finished.ending.code, 1) << option;
    EXPECT_NE(finished.errors.find("no/such/folder"), std::string::npos) << finished.errors;
    EXPECT_FALSE(fs::exists(folder_ / "started"));
  }
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, ProfileOutput, testing::ValuesIn(one_of_each_design()), test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ProfileOutput);

}  // namespace
}  // namespace gomapd::live
