// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// gomapd's stacks against those that the program itself sees: frame by frame.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

// The program's own maps. Go 1.18 to 1.20 give the runtime the shape's type in
// generic functions.
bool is_of_the_program(const Json& type) {
  return type == "map[main.key]int" || type == "map[go.shape.int_0]int";
}

// What bpf/interface.h calls GM_MAX_FRAMES.
constexpr std::size_t kMaxFrames = 64;

using Lines = std::vector<std::string>;

std::string line_of(const Json& frame) {
  return frame["function"].get<std::string>() + " " + frame["file"].get<std::string>() + ":" +
         frame["line"].dump() + (frame["inlined"].get<bool>() ? " inlined" : "");
}

// What the program says: functions of the library by a part of their names, then
// its own frames.
Lines told(const Json& growth) {
  Lines lines;
  for (const auto& function : growth["inner"]) lines.push_back(function.get<std::string>());
  for (const auto& frame : growth["frames"]) lines.push_back(line_of(frame));
  return lines;
}

Lines seen(const Json& event) {
  Lines lines;
  for (const auto& frame : event["stack"]) lines.push_back(line_of(frame));
  return lines;
}

std::vector<Json> starts(const Report& report) {
  std::vector<Json> found;
  for (const auto& line : report.lines)
    if (line["event"] == "growth_started" && is_of_the_program(line["map_type"]))
      found.push_back(line);
  return found;
}

std::vector<Build> stripped_builds() {
  auto builds = plain_builds();
  for (auto& build : builds) build.way = Way::kStripped;
  return builds;
}

class Stacks : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests" / "live" / "go" / "frames");
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  [[nodiscard]] Traced trace(const Arguments& options = {}) const {
    auto traced = trace_command(program_, {}, options);
    EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
    EXPECT_TRUE(traced.truth.is_array()) << traced.gomapd.errors;
    return traced;
  }

  std::filesystem::path program_;
};

TEST_P(Stacks, AreThoseOfTheGoRuntime) {
  const auto traced = trace();
  const auto events = starts(traced.report);
  ASSERT_EQ(events.size(), traced.truth.size());
  ASSERT_GT(events.size(), 200U);
  std::size_t cut = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto expected = told(traced.truth[i]);
    auto stack = seen(events[i]);
    for (std::size_t j = 0; j < traced.truth[i]["inner"].size() && j < stack.size(); ++j)
      if (stack[j].find(expected[j]) != std::string::npos) stack[j] = expected[j];
    if (events[i]["stack_truncated"].get<bool>()) {
      ++cut;
      // The runtime's own frames and wrappers are walked, but not shown.
      EXPECT_GT(stack.size(), kMaxFrames - 10) << i;
      ASSERT_LT(stack.size(), expected.size()) << i;
      expected.resize(stack.size());
    }
    EXPECT_EQ(stack, expected) << "growth " << i;
  }
  EXPECT_GE(cut, 3U) << "a recursion of 100 levels grows a map three times";
  EXPECT_LT(cut, events.size() / 5);
}

TEST_P(Stacks, ShowTheRuntimesMapFunctionsOnDemand) {
  const auto folded = starts(trace().report);
  const auto shown = starts(trace({"--runtime-frames"}).report);
  ASSERT_EQ(shown.size(), folded.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto all = seen(shown[i]);
    const auto user = seen(folded[i]);
    ASSERT_GT(all.size(), user.size()) << i;
    const auto more = static_cast<std::ptrdiff_t>(all.size() - user.size());
    EXPECT_EQ(Lines(all.begin() + more, all.end()), user) << i;
    for (auto one = all.begin(); one != all.begin() + more; ++one)
      EXPECT_NE(one->find("map"), std::string::npos) << *one;
  }
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Stacks, testing::ValuesIn(stripped_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
