// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/host_profile.h"

#include <gtest/gtest.h>

#include <memory>

namespace gomapd::exporter {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class HostProfile : public testing::Test {
 protected:
  HostProfile() {
    before_.began_ns = kSecond;
    before_.time_ns = 10 * kSecond;
    before_.running_ns = 9 * kSecond;
    before_.workloads.emplace_back().identity.exe = "server";
    before_.workloads[0].processes.push_back({7, "go1.26", kSecond});
    before_.stacks.push_back({0, 7, stack_, type_, 5, 5, 500, 50});
    after_ = before_;
    after_.time_ns = 15 * kSecond;
    after_.running_ns = 14 * kSecond;
  }

  std::shared_ptr<const model::Stack> stack_ = std::make_shared<model::Stack>();
  std::shared_ptr<const model::Stack> other_stack_ = std::make_shared<model::Stack>();
  std::shared_ptr<const model::TypeInfo> type_ = std::make_shared<model::TypeInfo>();
  model::HostState before_;
  model::HostState after_;
};

TEST_F(HostProfile, HasWhatGrewBetweenTwoStates) {
  after_.stacks[0] = {0, 7, stack_, type_, 8, 7, 900, 70};
  after_.stacks.push_back({0, 9, other_stack_, type_, 2, 2, 20, 3});
  const auto report = host_profile(after_, before_);
  EXPECT_EQ(report.began_ns, 10 * kSecond);
  EXPECT_EQ(report.duration_ns, 5 * kSecond);
  ASSERT_EQ(report.summary.stacks.size(), 2);
  EXPECT_EQ(report.summary.stacks[0].counts.started, 3);
  EXPECT_EQ(report.summary.stacks[0].counts.finished, 2);
  EXPECT_EQ(report.summary.stacks[0].cost.bytes, 400);
  EXPECT_EQ(report.summary.stacks[0].cost.growing_ns, 20);
  EXPECT_EQ(report.summary.stacks[1].counts.started, 2);
  EXPECT_EQ(report.summary.counts.started, 5);
  ASSERT_EQ(report.summary.processes.size(), 2);
  EXPECT_EQ(report.summary.processes[0].process.exe, "server");
  EXPECT_EQ(report.summary.processes[0].process.go_version, "go1.26");
}

// Whoever set the host's clock meanwhile, back or on.
TEST_F(HostProfile, LastsAsLongAsItDid) {
  for (const std::uint64_t shown : {2 * kSecond, 7200 * kSecond}) {
    after_.time_ns = shown;
    EXPECT_EQ(host_profile(after_, before_).duration_ns, 5 * kSecond);
    EXPECT_EQ(host_profile(after_).duration_ns, 14 * kSecond);
  }
}

// One of them has gone, another has its number.
TEST_F(HostProfile, SumsUpWhatHasOneNumber) {
  after_.stacks.push_back({0, 7, stack_, type_, 2, 2, 20, 3});
  const auto report = host_profile(after_, before_);
  ASSERT_EQ(report.summary.stacks.size(), 1);
  EXPECT_EQ(report.summary.stacks[0].counts.started, 2);
}

TEST_F(HostProfile, HasThoseWhoWentLongAgoOnlySinceTheStart) {
  after_.stacks.push_back({0, 0, stack_, type_, 100, 100, 0, 0});
  EXPECT_EQ(host_profile(after_, before_).summary.counts.started, 0);
  EXPECT_EQ(host_profile(after_).summary.counts.started, 105);
}

TEST_F(HostProfile, LeavesOutWhatDidNotGrow) {
  const auto report = host_profile(after_, before_);
  EXPECT_TRUE(report.summary.stacks.empty());
  EXPECT_TRUE(report.summary.processes.empty());
}

// Of a growth that began before the first state and ended before the second.
TEST_F(HostProfile, KeepsTimeWithoutGrowths) {
  after_.stacks[0].growing_ns += 30;
  const auto report = host_profile(after_, before_);
  ASSERT_EQ(report.summary.stacks.size(), 1);
  EXPECT_EQ(report.summary.stacks[0].counts.started, 0);
  EXPECT_EQ(report.summary.stacks[0].cost.growing_ns, 30);
}

TEST_F(HostProfile, BeginsWithTheDaemonWithoutAnEarlierState) {
  const auto report = host_profile(after_);
  EXPECT_EQ(report.began_ns, kSecond);
  EXPECT_EQ(report.duration_ns, 14 * kSecond);
  EXPECT_EQ(report.summary.counts.started, 5);
}

}  // namespace
}  // namespace gomapd::exporter
