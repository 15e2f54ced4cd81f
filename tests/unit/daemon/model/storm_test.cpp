// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/storm.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gomapd::model {
namespace {

class Storms : public testing::Test {
 protected:
  // How often one began or ended in `seconds` at `rate`.
  int run(double rate, int seconds) {
    int changes = 0;
    for (int i = 0; i < seconds; ++i)
      if (storm_.update(rate, 1, rules_) != Storm::Change::kNone) ++changes;
    return changes;
  }

  StormRules rules_;
  Storm storm_;
};

TEST_F(Storms, BeginAndEndOnce) {
  EXPECT_EQ(run(100, 300), 0);
  EXPECT_EQ(run(20'000, 2), 0) << "too short";
  EXPECT_EQ(run(20'000, 60), 1);
  EXPECT_TRUE(storm_.is_on());
  EXPECT_EQ(run(100, 10), 0) << "a pause";
  EXPECT_EQ(run(100, 60), 1);
  EXPECT_FALSE(storm_.is_on());
}

TEST_F(Storms, AreNoneBelowTheFloor) {
  EXPECT_EQ(run(1, 300), 0);
  EXPECT_EQ(run(900, 300), 0);
}

TEST_F(Storms, AreNoneWhereItIsUsual) {
  EXPECT_EQ(run(20'000, 3600), 0);
  EXPECT_EQ(run(50'000, 60), 0);
  EXPECT_EQ(run(150'000, 60), 1);
}

TEST_F(Storms, AreNoneAtTheStartOfAProgram) {
  EXPECT_EQ(run(50'000, 20), 0);
  EXPECT_EQ(run(100, 600), 0);
}

TEST_F(Storms, MayBeginAsSoonAsAPastIsAskedFor) {
  rules_.warm_up_s = 5;
  EXPECT_EQ(run(100, 5), 0);
  EXPECT_EQ(run(50'000, 2), 0);
  EXPECT_EQ(run(50'000, 1), 1);
}

TEST_F(Storms, DoNotComeOfASlowRise) {
  double rate = 100;
  for (int i = 0; i < 7200; ++i) {
    EXPECT_EQ(run(rate, 1), 0) << i;
    rate *= 1.0005;
  }
}

TEST_F(Storms, DoNotComeOfNoise) {
  for (int i = 0; i < 3600; ++i) run(2000 + 1500 * std::sin(i / 7.0), 1);
  EXPECT_FALSE(storm_.is_on());
}

TEST_F(Storms, EndWhenTheyHaveBecomeUsual) {
  EXPECT_EQ(run(100, 600), 0);
  EXPECT_EQ(run(5'000, 24 * 3600), 2);
}

}  // namespace
}  // namespace gomapd::model
