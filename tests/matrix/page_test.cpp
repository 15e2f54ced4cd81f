// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/page.h"

#include <gtest/gtest.h>

#include "tests/live/run.h"

namespace gomapd::matrix {
namespace {

class Page : public testing::Test {
 protected:
  void found(const live::Build& build, Outcome outcome, Detail detail = Detail::kGrowth) {
    ASSERT_TRUE(results_.add({live::name_of(build), detail}, "p", outcome));
  }
  std::string text(const std::vector<Inspected>& programs = {}) const {
    return page(results_, programs, {.gomapd = "gomapd 1", .machine = "amd64", .busy = true});
  }
  static void expect_in(const std::string& part, const std::string& text) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }

  live::ScratchFolder folder_;
  Results results_{folder_ / "results", "g"};
};

TEST_F(Page, TellsRunsAndWhatWasCompared) {
  found({"1.15"}, {.verdict = Verdict::kExact, .compared = 1234});
  found({"1.15"}, {.verdict = Verdict::kExact, .compared = 1000000});
  expect_in("| `-trimpath` | exact ×2<br>1,001,234 | not run |", text());
}

TEST_F(Page, TellsReasonsBelowTheTableEachOnce) {
  found({"1.15"}, {.verdict = Verdict::kRefused, .why = "a | b"});
  found({"1.19"}, {.verdict = Verdict::kRefused, .why = "a | b"});
  found({"1.21"}, {.verdict = Verdict::kUnavailable, .why = "no Go"});
  found({"1.22"}, {.verdict = Verdict::kWrong, .why = "2 x growths\n1 x more"});
  const auto all = text();
  expect_in(
      "refused<sup>1</sup> | refused<sup>1</sup> | not available<sup>2</sup> | "
      "**wrong**<sup>3</sup> |",
      all);
  expect_in("\n1. a \\| b\n2. no Go\n3. 2 x growths\n", all);
}

TEST_F(Page, KeepsMovedBucketsApart) {
  found({"1.15"}, {.verdict = Verdict::kExact, .compared = 5}, Detail::kBuckets);
  const auto all = text();
  EXPECT_LT(all.find("## Moved buckets"), all.find("exact ×1<br>5"));
}

TEST_F(Page, TellsTheProgramsOfOthers) {
  const auto facts = live::Json::parse(
      R"({"go_version":"go1.16.3","impl":"classic","stripped":true,"pie":false,
          "probe_sites":[{"emulated":true},{"emulated":false}]})");
  const auto all =
      text({{.name = "x", .facts = facts}, {.name = "y", .facts = {}, .missing = "z"}});
  expect_in("| x | go1.16.3 | classic | yes | no | 2 | 1 |\n", all);
  expect_in("| y | not available here: z |", all);
}

}  // namespace
}  // namespace gomapd::matrix
