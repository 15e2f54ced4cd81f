// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// The checks themselves: a report that is right passes, and no error in one
// field of it stays unnoticed.
#include <gtest/gtest.h>

#include "tests/live/report.h"

namespace gomapd::live {
namespace {

constexpr const char* kTruth = R"({"started":1,"finished":1,"in_progress":0,"finished_only":0,
  "by_kind":{"double":1},"by_reason":{"load_factor":1},
  "by_type":{"map[int]int":{"started":1,"finished":1,"finished_only":0}},
  "sites":[{"function":"main.f","file":"f.go","line":7,"map_type":"map[int]int","growths":1,
            "maps":1,"identities":1,"max_keys":13}]})";

Report good() {
  Report report;
  report.lines = {Json::parse(R"({"event":"growth_started","time_ns":1,"pid":5,"tid":5,"goid":1,
        "map":"0xc0","map_type":"map[int]int","impl":"classic","kind":"double",
        "reason":"load_factor","keys":13,"old_buckets":2,"new_buckets":4,"load_factor":6.5,
        "overflow_buckets":0,"bytes":576,
        "stack":[{"function":"main.f","file":"f.go","line":7,"inlined":false}],
        "stack_truncated":false})"),
                  Json::parse(R"({"event":"growth_finished","time_ns":2,"pid":5,"tid":5,"goid":1,
        "map":"0xc0","map_type":"map[int]int","impl":"classic","duration_ns":1,
        "old_buckets":2,"new_buckets":4})")};
  report.summary = Json::parse(R"({"event":"summary","duration_ns":3,
    "counts":{"growth_started":1,"growth_finished":1,"finished_only":0,"in_progress":0,
              "bucket_evacuated":0},
    "estimated":false,"lost_events":0,"probe_hits":2,"model_divergences":0,
    "processes":[{"pid":5,"exe":"/f","go_version":"go1.23","impl":"classic",
                  "counts":{"growth_started":1}}],
    "sites":[{"function":"main.f","file":"f.go","line":7,"map_type":"map[int]int","growths":1,
              "bytes":576,"max_keys":13,"maps":1}],
    "by_kind":{"double":1}})");
  return report;
}

std::string complaints(const Report& report) {
  return check_form(report).text() + check_truth(report, Json::parse(kTruth)).text() +
         check_model(report, 6.5).text();
}

TEST(ReportChecks, PassAReportThatIsRight) {
  EXPECT_EQ(complaints(good()), "");
}

TEST(ReportChecks, NoticeEachErrorInTheSummary) {
  const std::vector<std::pair<const char*, Json>> errors = {{"/counts/growth_started", 2},
                                                            {"/counts/growth_finished", 0},
                                                            {"/counts/in_progress", 1},
                                                            {"/counts/finished_only", 1},
                                                            {"/estimated", true},
                                                            {"/lost_events", 1},
                                                            {"/probe_hits", 1},
                                                            {"/model_divergences", 1},
                                                            {"/processes", Json::array()},
                                                            {"/sites", Json::array()},
                                                            {"/sites/0/growths", 2},
                                                            {"/sites/0/maps", 2},
                                                            {"/sites/0/max_keys", 12},
                                                            {"/sites/0/function", "main.g"},
                                                            {"/sites/0/line", 8},
                                                            {"/sites/0/map_type", nullptr},
                                                            {"/sites/0/bytes", 0},
                                                            {"/by_kind/double", 2},
                                                            {"/by_kind/same_size", 1}};
  for (const auto& [place, value] : errors) {
    auto report = good();
    report.summary[Json::json_pointer(place)] = value;
    EXPECT_NE(complaints(report), "") << place;
  }
}

TEST(ReportChecks, NoticeEachErrorInALine) {
  const std::vector<std::pair<const char*, Json>> errors = {
      {"/time_ns", 9},           {"/pid", 0},           {"/tid", "5"},
      {"/goid", nullptr},        {"/map", "c0"},        {"/map_type", "map[int]string"},
      {"/impl", "other"},        {"/kind", "split"},    {"/kind", "same_size"},
      {"/reason", "overflow"},   {"/keys", 0},          {"/keys", 12},
      {"/old_buckets", 1},       {"/new_buckets", 8},   {"/load_factor", 0},
      {"/overflow_buckets", -1}, {"/bytes", nullptr},   {"/stack", Json::array()},
      {"/stack/0/line", 0},      {"/stack/0/file", ""}, {"/stack/0/function", "runtime.mapassign"},
      {"/event", "growth_begun"}};
  for (const auto& [place, value] : errors) {
    auto report = good();
    report.lines[0][Json::json_pointer(place)] = value;
    EXPECT_NE(complaints(report), "") << place << ' ' << value;
  }
}

TEST(ReportChecks, NoticeMissingAndAdditionalLines) {
  auto fewer = good();
  fewer.lines.pop_back();
  EXPECT_NE(complaints(fewer), "");
  auto more = good();
  more.lines.push_back(more.lines.back());
  EXPECT_NE(complaints(more), "");
}

TEST(ReportChecks, NoticeWhatIsNoReport) {
  EXPECT_FALSE(parse_report("").problems.empty());
  EXPECT_FALSE(parse_report("{\"event\":\"x\"}\n").problems.empty());
  EXPECT_FALSE(parse_report("text\n{\"event\":\"summary\"}\n").problems.empty());
  EXPECT_FALSE(parse_report("{\"event\":\"summary\"}").problems.empty());
  EXPECT_FALSE(parse_report("{\"event\":\"summary\"}\n{\"event\":\"summary\"}\n").problems.empty());
  EXPECT_FALSE(parse_report("{\"event\":\"summary\"}\n{\"event\":\"x\"}\n").problems.empty());
  EXPECT_TRUE(parse_report("{\"event\":\"x\"}\n{\"event\":\"summary\"}\n").problems.empty());
}

}  // namespace
}  // namespace gomapd::live
