// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/echo_cost.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

constexpr ProbeCost kBefore{.ns = 900, .error_ns = 180};

TEST(EchoCost, BelievesWhatItIsToldUntilThereAreEchoes) {
  EchoCost cost(kBefore);
  EXPECT_EQ(cost.cost().ns, 900);
  EXPECT_EQ(cost.cost().error_ns, 180);
  cost.add(0, 1e9);
  cost.add(20, 20 * 5000.0);
  EXPECT_EQ(cost.cost().ns, 900);
}

// A first hit costs more than the one that follows it.
TEST(EchoCost, IsWhatEchoesTook) {
  EchoCost cost(kBefore);
  cost.add(1000, 1000 * 870.0);
  EXPECT_DOUBLE_EQ(cost.cost().ns, 1000);
  EXPECT_NEAR(cost.cost().error_ns, 50, 1e-9);
}

TEST(EchoCost, ForgetsInTime) {
  EchoCost cost(kBefore);
  for (int i = 0; i < 100; ++i) cost.add(1000, 1000 * 870.0);
  for (int i = 0; i < 60; ++i) cost.add(1000, 1000 * 435.0);
  EXPECT_NEAR(cost.cost().ns, 500, 0.05 * 500);
}

TEST(EchoCost, WantsFewerEchoesOnceItKnows) {
  EchoCost cost(kBefore);
  const auto wanted_in_twelve = [&] {
    int wanted = 0;
    for (int i = 0; i < 12; ++i) wanted += cost.wants_echoes() ? 1 : 0;
    return wanted;
  };
  EXPECT_EQ(wanted_in_twelve(), 6);
  cost.add(3000, 3000 * 870.0);
  EXPECT_EQ(wanted_in_twelve(), 3);
}

}  // namespace
}  // namespace gomapd::model
