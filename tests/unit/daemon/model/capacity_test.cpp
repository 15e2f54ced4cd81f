// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/capacity.h"

#include <gtest/gtest.h>

#include <ostream>

#include "daemon/model/plan.h"

namespace gomapd::model {
namespace {

struct Release {
  int minor;
  go::Design design;
};

void PrintTo(const Release& release, std::ostream* out) {
  *out << "go1." << release.minor << (release.design == go::Design::kSwiss ? " swiss" : " classic");
}

class CapacityOf : public testing::TestWithParam<Release> {
 protected:
  MapShape shape_{.version = {GetParam().minor, 0},
                  .design = GetParam().design,
                  .key = {.size = 16, .align = 8, .has_pointers = true},
                  .elem = {}};
  Capacity capacity_{GetParam().design, shape_.slots()};
};

// Against the plan of the same hint: what make would allocate.
TEST_P(CapacityOf, IsWhatAnyHintOfTheLevelMakes) {
  for (unsigned level = capacity_.lowest() + 1; level <= 24; ++level) {
    const auto least = plan_hint(shape_, capacity_.least_hint(level));
    const auto most = plan_hint(shape_, capacity_.most_keys(level));
    EXPECT_EQ(least.bytes, capacity_.bytes(level)) << level;
    EXPECT_EQ(most.bytes, capacity_.bytes(level)) << level;
    EXPECT_EQ(least.slots, most.slots) << level;
  }
}

TEST_P(CapacityOf, OneKeyLessMakesALowerLevel) {
  for (unsigned level = capacity_.lowest() + 1; level <= 24; ++level)
    EXPECT_LT(plan_hint(shape_, capacity_.least_hint(level) - 1).bytes, capacity_.bytes(level))
        << level;
}

TEST_P(CapacityOf, GrowsNoMoreThanItsKeys) {
  for (unsigned level = capacity_.lowest() + 1; level <= 24; ++level)
    EXPECT_EQ(plan_hint(shape_, capacity_.most_keys(level)).next_growth_keys,
              capacity_.most_keys(level))
        << level;
}

INSTANTIATE_TEST_SUITE_P(
    Releases, CapacityOf,
    testing::Values(Release{15, go::Design::kClassic}, Release{21, go::Design::kClassic},
                    Release{23, go::Design::kClassic}, Release{25, go::Design::kClassic},
                    Release{24, go::Design::kSwiss}, Release{27, go::Design::kSwiss}));

TEST(Capacity, OfAnUnknownTypeHasNoBytes) {
  const Capacity unknown{go::Design::kSwiss, {}};
  EXPECT_EQ(unknown.bytes(12), 0);
  EXPECT_EQ(unknown.most_keys(7), 112);
}

}  // namespace
}  // namespace gomapd::model
