// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/recent.h"

#include <gtest/gtest.h>

namespace gomapd::model {
namespace {

TEST(Recent, KeepsWhatIsAskedFor) {
  Recent<int> recent(4);
  recent[1] = 10;
  for (std::uint64_t key = 2; key < 100; ++key) {
    recent[key] = 0;
    EXPECT_EQ(recent[1], 10) << key;
  }
}

TEST(Recent, ForgetsWhatIsNot) {
  Recent<int> recent(4);
  for (std::uint64_t key = 1; key <= 6; ++key) recent[key] = 10;
  EXPECT_EQ(recent.find(1), nullptr);
  EXPECT_EQ(recent.forgotten(), 2);
  std::size_t kept = 0;
  recent.for_each([&](int) { ++kept; });
  EXPECT_EQ(kept, 4);
}

TEST(Recent, NeverKeepsMoreThanItsLimit) {
  Recent<int> recent(10);
  for (std::uint64_t key = 0; key < 1000; ++key) recent[key * key % 37] = 1;
  std::size_t kept = 0;
  recent.for_each([&](int) { ++kept; });
  EXPECT_LE(kept, 10);
}

TEST(Recent, FindsWithoutAsking) {
  Recent<int> recent(4);
  recent[1] = 10;
  recent[2] = 0;
  recent[3] = 0;
  ASSERT_NE(recent.find(1), nullptr);
  recent[4] = 0;
  recent[5] = 0;
  EXPECT_EQ(recent.find(1), nullptr);
}

}  // namespace
}  // namespace gomapd::model
