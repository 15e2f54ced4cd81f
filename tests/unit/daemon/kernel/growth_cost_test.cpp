// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/growth_cost.h"

#include <gtest/gtest.h>

#include "daemon/kernel/assign_probes.h"
#include "daemon/kernel/features.h"

namespace gomapd::kernel {
namespace {

TEST(GrowthCostTracer, IsMeasured) {
  if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
  if (!probed_function_offset()) GTEST_SKIP() << probed_function_offset().error().context;
  const auto growth = measure_growth_hit_cost(false);
  ASSERT_TRUE(growth.measured);
  EXPECT_GT(growth.ns, 100);
  EXPECT_LT(growth.ns, 1e6);
  EXPECT_GT(growth.error_ns, 0);
  auto probes = AssignProbes::load({.force_perf_uprobes = false, .row_entries = 64});
  ASSERT_TRUE(probes.has_value());
  RecordProperty("growth_ns", static_cast<int>(growth.ns));
  RecordProperty("assign_ns", static_cast<int>(probes->measure_hit_cost().ns));
}

}  // namespace
}  // namespace gomapd::kernel
