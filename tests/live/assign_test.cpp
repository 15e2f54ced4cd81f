// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `--detail assign` against programs that tell how often they assigned where.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/live/lab.h"
#include "tests/live/probes_in.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

// The windows are a sample: none of the rates that are tested here may be off by
// more than chance allows once in a million, nor by more than this factor (a
// handful of windows tells their spread only roughly).
constexpr double kSigmas = 5;
constexpr double kLeastError = 0.05;

// What tests/live/go/assigner says of one of its workloads.
struct Told {
  std::string name;
  std::string function;
  int line = 0;
  std::string type;
  double assignments = 0;
  double seconds = 0;

  double rate() const { return assignments / seconds; }
};

std::vector<Told> parse_told(const std::string& output) {
  std::vector<Told> all;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    Told one;
    if (fields >> one.name >> one.function >> one.line >> one.type >> one.assignments >>
        one.seconds)
      all.push_back(one);
  }
  return all;
}

bool is_here(const Json& place, const Told& told) {
  return place["function"] == told.function && place["line"] == told.line &&
         place["map_type"] == told.type && place["file"].get<std::string>().ends_with("/main.go");
}

const Json* site_of(const Traced& traced, const Told& told) {
  for (const auto& site : traced.report.summary["assign_sites"])
    if (is_here(site, told)) return &site;
  return nullptr;
}

void expect_rate(const Json& site, const Told& told) {
  if (site["error"].is_null())
    GTEST_SKIP() << "the machine was too busy for some windows: " << site;
  const double estimate = site["assignments_per_second"];
  const double error = site["error"];
  EXPECT_LE(std::abs(estimate - told.rate()), kSigmas * std::max(error, kLeastError * told.rate()))
      << site << " but " << told.rate();
}

// Each hit of the windows is accounted for.
void expect_conservation(const Traced& traced) {
  const auto& assign = traced.report.summary["assign"];
  const auto& stats = assign["probe_stats"];
  const auto of = [&](const char* name) { return stats[name].get<int64_t>(); };
  EXPECT_EQ(of("hits"), of("filtered") + of("branch_taken") + of("unreadable") + of("no_site") +
                            of("uncounted") + of("counted"));
  int64_t sampled = 0;
  for (const auto& line : traced.report.lines)
    if (line["event"] == "assign_sample") sampled += line["assignments"].get<int64_t>();
  int64_t of_sites = 0;
  for (const auto& site : traced.report.summary["assign_sites"])
    of_sites += site["assignments"].get<int64_t>();
  EXPECT_EQ(sampled, of("counted"));
  EXPECT_EQ(sampled, assign["assignments"]);
  if (assign["cut_windows"] == 0) {
    EXPECT_EQ(of_sites, sampled);
  }
}

void expect_sound(const Traced& traced) {
  ASSERT_TRUE(traced.gomapd.ending.in_time);
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  ASSERT_TRUE(traced.report.summary.contains("assign"));
  expect_conservation(traced);
}

class Assign : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/assigner");
    ASSERT_TRUE(built) << built.error();
    program_ = *built;
  }

  // Runs the workloads traced from their first instruction. The tests are about
  // numbers, not about a small budget: many windows make them tell.
  Traced trace_assigner(const Arguments& workloads) {
    ScratchFolder folder;
    Arguments argv{gomapd_path(),
                   "trace",
                   "--json",
                   "-o",
                   folder / "report",
                   "--detail",
                   "assign",
                   "--max-overhead",
                   "20%",
                   "--",
                   program_,
                   "-for",
                   "4"};
    argv.insert(argv.end(), workloads.begin(), workloads.end());
    Traced traced;
    traced.gomapd = run(argv);
    traced.report = parse_report(read_file(folder / "report"));
    return traced;
  }

  std::filesystem::path program_;
};

TEST_P(Assign, EstimatesPacedAssignmentsByTypeAndLine) {
  const auto traced = trace_assigner({"paced", "strings", "wide"});
  expect_sound(traced);
  const auto told = parse_told(traced.gomapd.output);
  ASSERT_EQ(told.size(), 3U) << traced.gomapd.output;
  for (const auto& one : told) {
    const auto* site = site_of(traced, one);
    ASSERT_NE(site, nullptr) << one.function << traced.report.summary["assign_sites"];
    EXPECT_EQ((*site)["at_least"], false);
    expect_rate(*site, one);
  }
}

// Nothing can be told of a loop that is nothing but assignments, once each of
// them costs ten times as much: then the figure is a lower bound, and says so.
TEST_P(Assign, SaysThatAHotLoopAssignsAtLeastSoOften) {
  const auto traced = trace_assigner({"hot"});
  expect_sound(traced);
  const auto told = parse_told(traced.gomapd.output);
  ASSERT_EQ(told.size(), 1U);
  const auto* site = site_of(traced, told[0]);
  ASSERT_NE(site, nullptr) << traced.report.summary["assign_sites"];
  if ((*site)["at_least"] == true) {
    EXPECT_LE((*site)["assignments_per_second"].get<double>(), told[0].rate());
  } else {
    expect_rate(*site, told[0]);
  }
}

TEST_P(Assign, NamesTheMapsThatItSaw) {
  const auto traced = trace_assigner({"paced", "wide"});
  expect_sound(traced);
  std::map<std::string, std::string> types;  // by address
  for (const auto& line : traced.report.lines)
    if (line["event"] == "assign_sample" && line["map"].is_string() && line["function"] != "")
      types[line["map"]] = line["map_type"].is_string() ? line["map_type"] : "";
  EXPECT_EQ(std::ranges::count(types, "map[uint64]int", [](auto& one) { return one.second; }), 1);
  EXPECT_EQ(std::ranges::count(types, "map[main.wide]int", [](auto& one) { return one.second; }),
            1);
}

TEST_P(Assign, CountsGrowthsExactlyBesides) {
  const auto truth = build_truth(GetParam());
  ASSERT_TRUE(truth) << truth.error();
  const auto baseline = baseline_of(*truth, GetParam().version);
  const auto traced =
      trace_command(*truth, {"all"}, {"--detail", "assign", "--ring-bytes", "67108864"});
  expect_sound(traced);
  ASSERT_FALSE(traced.truth.is_null());
  const auto wrong = check_truth(traced.report, traced.truth, baseline);
  EXPECT_TRUE(wrong.empty()) << wrong.text();
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Assign,
                         testing::Values(Build{"1.15"}, Build{"1.21"}, Build{"1.23"},
                                         Build{"1.24", "noswissmap"}, Build{"1.24"},
                                         Build{"1.26", "", Way::kStripped},
                                         Build{"1.27", "", Way::kPie}),
                         test_name);

// Those to which the Go version does not matter.
class AssignLife : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = any_swiss();
    if (!build) GTEST_SKIP() << "no Go with Swiss maps at hand";
    const auto built = build_go(*build, source_folder() / "tests/live/go/assigner");
    ASSERT_TRUE(built) << built.error();
    program_ = *built;
  }

  Child gomapd(const Arguments& options) {
    Arguments argv{gomapd_path(),      "trace",    "--json", "-o",
                   folder_ / "report", "--detail", "assign"};
    argv.insert(argv.end(), options.begin(), options.end());
    return Child(argv);
  }

  Traced finish(Child& child) {
    Traced traced;
    traced.gomapd = {.ending = child.wait(), .output = child.output(), .errors = child.errors()};
    traced.report = parse_report(read_file(folder_ / "report"));
    return traced;
  }

  ScratchFolder folder_;
  std::filesystem::path program_;
};

TEST_F(AssignLife, SamplesEachOfTwoProcesses) {
  Child one({program_, "-wait", "-for", "4", "paced"});
  Child other({program_, "-wait", "-for", "4", "wide"});
  ASSERT_TRUE(one.wait_for_output("ready\n"));
  ASSERT_TRUE(other.wait_for_output("ready\n"));
  auto tracing = gomapd(
      {"--max-overhead", "20", "-p", std::to_string(one.pid()), "-p", std::to_string(other.pid())});
  ASSERT_TRUE(tracing.wait_for_errors("gomapd: tracing")) << tracing.errors();
  one.feed("\n");
  other.feed("\n");
  const auto traced = finish(tracing);
  expect_sound(traced);
  for (auto* child : {&one, &other}) {
    ASSERT_EQ(child->wait().code, 0);
    const auto told = parse_told(child->output().substr(std::string("ready\n").size()));
    ASSERT_EQ(told.size(), 1U);
    const auto* site = site_of(traced, told[0]);
    ASSERT_NE(site, nullptr) << traced.report.summary["assign_sites"];
    expect_rate(*site, told[0]);
    const auto is_its = [&](const Json& line) {
      return line["event"] == "assign_sample" && line["pid"] == child->pid();
    };
    for (const auto& line : traced.report.lines)
      if (is_its(line) && line["function"].get<std::string>().starts_with("main.")) {
        EXPECT_TRUE(is_here(line, told[0])) << line;
      }
  }
}

// Killed whenever: in a window as likely as not, for they are open half the time.
TEST_F(AssignLife, OutlivesProcessesThatDieInAWindow) {
  for (int i = 0; i < 5; ++i) {
    Child target({program_, "-for", "100", "paced"});
    auto tracing = gomapd({"--max-overhead", "100", "-p", std::to_string(target.pid())});
    ASSERT_TRUE(tracing.wait_for_errors("gomapd: tracing")) << tracing.errors();
    usleep(static_cast<useconds_t>(150'000 + 37'000 * i));
    target.send_signal(SIGKILL);
    const auto traced = finish(tracing);
    expect_sound(traced);
    EXPECT_FALSE(traced.report.summary["assign"].contains("failure"))
        << traced.report.summary["assign"];
  }
}

TEST_F(AssignLife, LeavesNoProbeBehind) {
  Child target({program_, "-for", "100", "paced"});
  auto tracing = gomapd({"-d", "1s", "-p", std::to_string(target.pid())});
  expect_sound(finish(tracing));
  EXPECT_TRUE(target.running());
  const auto probes = breakpoints_in(target.pid(), program_);
  EXPECT_EQ(probes.changed, 0) << probes.failure;
  EXPECT_EQ(probes.assigns_changed, 0);
}

TEST_F(AssignLife, WorksWithPerfEvents) {
  Child target({program_, "-for", "100", "paced"});
  auto tracing = gomapd({"-d", "2s", "--perf-uprobes", "-p", std::to_string(target.pid())});
  const auto traced = finish(tracing);
  expect_sound(traced);
  EXPECT_GT(traced.report.summary["assign"]["assignments"], 0);
}

TEST_F(AssignLife, EndsAnOpenWindowOnASignal) {
  Child target({program_, "-for", "100", "paced"});
  auto tracing = gomapd({"-p", std::to_string(target.pid())});
  ASSERT_TRUE(tracing.wait_for_errors("gomapd: tracing"));
  tracing.send_signal(SIGINT);
  const auto traced = finish(tracing);
  expect_sound(traced);
  EXPECT_TRUE(target.running());
}

}  // namespace
}  // namespace gomapd::live
