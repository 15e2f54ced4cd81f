// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/hit_cost.h"

#include <gtest/gtest.h>

#include <limits>

namespace gomapd::kernel {
namespace {

TEST(HitCost, IsAnAssumptionWithoutMeasurements) {
  EXPECT_FALSE(hit_cost_of({}).measured);
  EXPECT_EQ(hit_cost_of({0, -1, std::numeric_limits<double>::quiet_NaN()}).ns, kAssumedHitCost.ns);
}

TEST(HitCost, IsTheMedianWhateverInterruptsTheOthers) {
  const auto cost = hit_cost_of({900, 1000, 50'000, 1100, 1000});
  EXPECT_TRUE(cost.measured);
  EXPECT_EQ(cost.ns, 1000);
  EXPECT_EQ(cost.error_ns, 100);
}

TEST(HitCost, IsTheMeanOfTheMiddleTwoOfAnEvenNumber) {
  EXPECT_EQ(hit_cost_of({1000, 2000}).ns, 1500);
}

TEST(HitCost, CallsAsOftenAsAsked) {
  const std::uint64_t readable[2] = {};
  call_probed_function(0, readable);
  call_probed_function(1000, readable);
}

}  // namespace
}  // namespace gomapd::kernel
