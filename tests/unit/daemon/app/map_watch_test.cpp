// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/map_watch.h"

#include <gtest/gtest.h>

namespace gomapd::app {
namespace {

using Answer = MapWatch::Answer;
using std::chrono::seconds;

const MapWatch::Key kOne{7, 0xc000000000};
const MapWatch::Clock::time_point kStart{seconds(100)};

TEST(MapWatch, ShowsWhatWasAskedFor) {
  MapWatch watch;
  EXPECT_TRUE(watch.wanted(kStart).empty());
  EXPECT_EQ(watch.ask(kOne, kStart).answer, Answer::kPending);
  EXPECT_EQ(watch.wanted(kStart), std::vector{kOne});
  const auto sight = std::make_shared<const MapSight>();
  watch.put(kOne, sight);
  const auto reply = watch.ask(kOne, kStart);
  EXPECT_EQ(reply.answer, Answer::kSeen);
  EXPECT_EQ(reply.sight, sight);
}

TEST(MapWatch, EndsWhenNobodyAsksAnyMore) {
  MapWatch watch;
  watch.ask(kOne, kStart);
  watch.ask(kOne, kStart + seconds(9));
  EXPECT_EQ(watch.wanted(kStart + seconds(19)).size(), 1);
  EXPECT_TRUE(watch.wanted(kStart + seconds(20)).empty());
  watch.put(kOne, std::make_shared<const MapSight>());  // too late: nobody cares
  EXPECT_EQ(watch.ask(kOne, kStart + seconds(21)).answer, Answer::kPending);
}

TEST(MapWatch, TellsOnceThatAMapIsGone) {
  MapWatch watch;
  watch.ask(kOne, kStart);
  watch.put(kOne, nullptr);
  EXPECT_TRUE(watch.wanted(kStart).empty());
  EXPECT_EQ(watch.ask(kOne, kStart).answer, Answer::kGone);
  EXPECT_EQ(watch.ask(kOne, kStart).answer, Answer::kPending);
}

TEST(MapWatch, HasRoomForSome) {
  MapWatch watch;
  for (std::uint64_t i = 0; i < MapWatch::kMost; ++i)
    EXPECT_EQ(watch.ask({1, i}, kStart).answer, Answer::kPending);
  EXPECT_EQ(watch.ask({2, 0}, kStart).answer, Answer::kFull);
  EXPECT_TRUE(watch.wanted(kStart + seconds(11)).empty());
  EXPECT_EQ(watch.ask({2, 0}, kStart + seconds(11)).answer, Answer::kPending);
}

}  // namespace
}  // namespace gomapd::app
