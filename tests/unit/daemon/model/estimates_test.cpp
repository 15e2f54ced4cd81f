// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/estimates.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <span>
#include <string>

#include "tests/unit/daemon/model/fake_resolver.h"

namespace gomapd::model {
namespace {

constexpr std::uint32_t kPid = 10;
constexpr std::uint32_t kBinary = 3;

class TraceEstimatesTest : public testing::Test {
 protected:
  TraceEstimatesTest() {
    resolver_.types[{kBinary, 7}] = int_type();
    for (const std::uint64_t id : {1, 2}) {
      symbol::Frame frame;
      frame.function = "main.f" + std::to_string(id);
      frame.file = "main.go";
      frame.line = 12;
      resolver_.stacks[{kBinary, id}] = {frame};
    }
    summary_.processes.resize(1);
    summary_.processes[0].process.pid = kPid;
  }
  // B 3: eight buckets become sixteen, of 144 bytes.
  static SampleRow row(std::uint64_t stack, std::uint64_t described) {
    SampleRow row{.key = {}, .binary = kBinary, .described = described, .max_keys = 53};
    row.key.tgid = kPid;
    row.key.kind = GM_KIND_DOUBLE;
    row.key.old_log2 = 3;
    row.key.type = 7;
    row.key.stack = stack;
    return row;
  }
  void window(double growths, std::span<const SampleRow> rows) {
    estimates_.estimate(kPid, go::Design::kClassic, growths, 25, rows, resolver_);
  }

  FakeResolver resolver_;
  TraceEstimates estimates_;
  Summary summary_;
};

TEST_F(TraceEstimatesTest, AreSummedByProcessAndSite) {
  const std::array rows{row(1, 3), row(2, 1)};
  window(1000, rows);
  window(600, rows);
  summary_.sites.resize(1);
  summary_.sites[0].function = "main.f2";
  summary_.sites[0].file = "main.go";
  summary_.sites[0].line = 12;
  summary_.sites[0].type = "map[int64]int64";
  summary_.sites[0].counts.started = 5;
  estimates_.fill(summary_);
  EXPECT_DOUBLE_EQ(summary_.estimated.growths, 1600);
  EXPECT_DOUBLE_EQ(summary_.estimated.error(), std::sqrt(50));
  EXPECT_GE(summary_.estimated.bytes, 1600 * 16 * 144.0);
  EXPECT_DOUBLE_EQ(summary_.processes[0].estimated.growths, 1600);
  EXPECT_EQ(summary_.counts.started, 0);
  // One that was counted too, and one that was not; most growths first.
  ASSERT_EQ(summary_.sites.size(), 2);
  EXPECT_EQ(summary_.sites[0].function, "main.f1");
  EXPECT_DOUBLE_EQ(summary_.sites[0].estimated.growths, 1200);
  EXPECT_EQ(summary_.sites[0].counts.started, 0);
  EXPECT_EQ(summary_.sites[0].max_keys, 53);
  EXPECT_DOUBLE_EQ(summary_.sites[1].estimated.growths, 400);
  EXPECT_EQ(summary_.sites[1].counts.started, 5);
}

// Sites make up all that was estimated, whenever they were described.
TEST_F(TraceEstimatesTest, FindAPlaceForAll) {
  const std::array rows{row(1, 1), row(2, 1)};
  window(100, {});
  window(100, rows);
  window(50, {});
  estimates_.fill(summary_);
  ASSERT_EQ(summary_.sites.size(), 2);
  for (const auto& site : summary_.sites) EXPECT_DOUBLE_EQ(site.estimated.growths, 125);
}

TEST_F(TraceEstimatesTest, KnowWhatWasUnderWayWhenProbesWent) {
  CounterRow open{};
  open.key.tgid = kPid;
  open.value.started = 10;
  open.value.finished = 7;
  summary_.counts = {.started = 10, .finished = 7};
  summary_.processes[0].counts = summary_.counts;
  estimates_.settle(std::span(&open, 1));
  auto before = summary_;
  estimates_.fill(before);
  EXPECT_EQ(before.counts.in_progress(), 3);
  estimates_.forget_open(kPid);
  estimates_.settle(std::span(&open, 1));
  estimates_.fill(summary_);
  EXPECT_EQ(summary_.counts.in_progress(), 0);
  EXPECT_EQ(summary_.counts.ends_unseen, 3);
  EXPECT_EQ(summary_.processes[0].counts.in_progress(), 0);
}

TEST_F(TraceEstimatesTest, OfNothingChangeNothing) {
  estimates_.fill(summary_);
  EXPECT_TRUE(summary_.sites.empty());
  EXPECT_EQ(summary_.estimated.growths, 0);
}

}  // namespace
}  // namespace gomapd::model
