// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/results.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/live/run.h"

namespace gomapd::matrix {
namespace {

class ResultsTest : public testing::Test {
 protected:
  Results open(const std::string& gomapd = "g1") const { return {file_, gomapd}; }

  live::ScratchFolder folder_;
  std::filesystem::path file_ = folder_ / "results";
  CellName cell_{"go1_23_pie", Detail::kGrowth};
};

TEST_F(ResultsTest, GoOnWhereTheyStopped) {
  auto first = open();
  ASSERT_TRUE(first.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 100}));
  ASSERT_TRUE(first.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 20}));
  const auto second = open();
  const auto* sum = second.find(cell_, "p");
  ASSERT_NE(sum, nullptr);
  EXPECT_EQ(sum->verdict, Verdict::kExact);
  EXPECT_EQ(sum->runs, 2);
  EXPECT_EQ(sum->compared, 120);
  EXPECT_EQ(second.find({"go1_23_pie", Detail::kBuckets}), nullptr);
}

TEST_F(ResultsTest, OfAnotherGomapdOrProgramDoNotCount) {
  auto results = open();
  ASSERT_TRUE(results.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 100}));
  EXPECT_EQ(open("g2").find(cell_), nullptr);
  EXPECT_EQ(results.find(cell_, "q"), nullptr);
  ASSERT_TRUE(results.add(cell_, "q", {.verdict = Verdict::kExact, .compared = 7}));
  EXPECT_EQ(results.find(cell_)->compared, 7);
}

TEST_F(ResultsTest, BeginAnewAfterAFailure) {
  auto results = open();
  ASSERT_TRUE(results.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 100}));
  ASSERT_TRUE(results.add(cell_, "p", {.verdict = Verdict::kWrong, .why = "+1"}));
  EXPECT_EQ(open().find(cell_)->verdict, Verdict::kWrong);
  EXPECT_EQ(open().find(cell_)->why, "+1");
  ASSERT_TRUE(results.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 9}));
  EXPECT_EQ(open().find(cell_)->runs, 1);
}

TEST_F(ResultsTest, SurviveALineThatWasCutOff) {
  auto results = open();
  ASSERT_TRUE(results.add(cell_, "p", {.verdict = Verdict::kExact, .compared = 100}));
  std::ofstream(file_, std::ios::app) << "{\"gomapd\":\"g1\",\"ce\n[]\n\n{\"gomapd\":\"g1\"}\n";
  EXPECT_EQ(open().find(cell_)->compared, 100);
}

TEST_F(ResultsTest, SayWhereTheyCannotBeKept) {
  Results results(folder_ / "none/results", "g1");
  EXPECT_FALSE(results.add(cell_, "p", {.verdict = Verdict::kExact}));
}

}  // namespace
}  // namespace gomapd::matrix
