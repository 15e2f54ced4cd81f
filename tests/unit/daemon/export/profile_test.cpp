// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/profile.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/export/sample_profile.h"

namespace gomapd::exporter {
namespace {

TEST(FoldedStacks, AreALineForEachStackOutermostFirst) {
  const SampleProfile sample;
  EXPECT_EQ(folded_stacks(sample.report, Weight::kGrowths),
            "[truncated];main.main;[unknown];github.com/example/worker/internal/index.Build 90\n"
            "[unknown] 10\n"
            "runtime.main;main.serve;main.update[...];main.(*cache).put 1140\n");
}

TEST(FoldedStacks, LeaveOutWhatHasNoWeight) {
  const SampleProfile sample;
  EXPECT_EQ(folded_stacks(sample.report, Weight::kBytes),
            "[truncated];main.main;[unknown];github.com/example/worker/internal/index.Build "
            "1000000\n"
            "runtime.main;main.serve;main.update[...];main.(*cache).put 4000000\n");
}

TEST(FoldedStacks, SumUpWhatHasTheSameNames) {
  SampleProfile sample;
  sample.report.summary.stacks.push_back(sample.report.summary.stacks[0]);
  sample.report.summary.stacks.back().type = &sample.unknown_type;
  EXPECT_NE(folded_stacks(sample.report, Weight::kTime).find("(*cache).put 14000000\n"),
            std::string::npos);
}

TEST(FoldedStacks, AreOneLineWhateverNamesHold) {
  SampleProfile sample;
  sample.put = {{std::string(kHostileName) + ";x y", "", 1, false, 1}};
  sample.report.summary.stacks.resize(1);
  EXPECT_EQ(folded_stacks(sample.report, Weight::kGrowths),
            "a\\x1b[2J\\xff\"b\\x0a\\x7f\\xc2\\x9b\\xe2\\x80\\xaec\\\\x3bx y 1140\n");
}

TEST(FoldedStacks, AreEmptyWhereNothingGrew) {
  EXPECT_EQ(folded_stacks(TraceReport(), Weight::kGrowths), "");
}

TEST(ProfileNotes, SayWhatIsMissing) {
  SampleProfile sample;
  sample.report.stats.at(GM_STAT_STACKS_FULL) = 3;
  sample.report.stats.at(GM_STAT_FAULT) = 4;
  const auto notes = profile_notes(sample.report);
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_TRUE(notes[0].starts_with("2 growths have no end")) << notes[0];
  EXPECT_TRUE(notes[1].starts_with("3 growths have no stack")) << notes[1];
  EXPECT_TRUE(notes[2].starts_with("4 probe hits")) << notes[2];
}

}  // namespace
}  // namespace gomapd::exporter
