// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "daemon/model/recent.h"
#include "daemon/model/trace.h"

// The life of single maps: what made each growth begin, how far it has come, and
// what it left. Pure.
namespace gomapd::model {

// The condition in the runtime's own code that held when a growth began.
enum class Condition : std::uint8_t {
  kOverLoadFactor,          // classic, overLoadFactor(count+1, B): value > limit
  kTooManyOverflowBuckets,  // classic, tooManyOverflowBuckets: value >= limit
  kSmallMapFull,            // Swiss: value == limit, all slots of the one group
  kNoGrowthLeft,            // Swiss: value == limit, growthLeft of the table is 0
};
[[nodiscard]] std::string_view to_string(Condition condition);  // "over_load_factor", …

// The same in numbers.
struct Decision {
  Condition condition = Condition::kOverLoadFactor;
  // Keys with the one to come; overflow buckets; keys; keys and tombstones.
  std::uint64_t value = 0;
  std::uint64_t limit = 0;
  unsigned b = 0;                // classic, before the growth
  double keys_per_bucket = 0;    // kOverLoadFactor: 6.5; of Go 1.21: 6
  std::uint64_t tombstones = 0;  // kNoGrowthLeft: in the table
};
[[nodiscard]] Decision decision_of(const GrowthEvent& started);

// What a map holds once it has grown. Swiss: the table concerned, both halves of
// a split counted together.
struct Grown {
  std::uint64_t keys = 0;
  double load_factor = 0;  // keys a bucket, or a slot
};

// What an event means in the life of its map.
struct LifeStep {
  // The one that was last at its address had another seed: that map is gone, or
  // was emptied (Go then draws a new one).
  bool another_map = false;
  // No end of the growth before was seen: the map was cleared or dropped meanwhile
  // (classic), or the record was lost.
  bool end_missing = false;
  std::optional<Decision> decision;  // of a start
  std::optional<Grown> grown;        // of an end, if its start was seen or the end tells
  // Of a moved bucket: how many of this growth have moved, itself included, or of
  // one that began before tracing, since then.
  std::uint64_t moved = 0;
  // Worth a line: the sixteenths of a growth, each bucket of a small one, the last.
  bool is_milestone = false;
};

// Follows the maps at some addresses, or all. Those that had no event for longest
// are forgotten beyond a limit: about 400 bytes each.
class Lives {
 public:
  static constexpr std::size_t kLimit = 1U << 16U;
  static constexpr std::uint64_t kMilestones = 16;  // of a growth

  // `addresses` empty: all maps.
  explicit Lives(std::set<std::uint64_t> addresses = {}) : addresses_(std::move(addresses)) {}

  // Nothing when the event is of a map that is not followed. In the order of time.
  [[nodiscard]] std::optional<LifeStep> add(const GrowthEvent& event);
  // Whether a map at this address is followed.
  [[nodiscard]] bool follows(std::uint64_t address) const {
    return addresses_.empty() || addresses_.contains(address);
  }

  // A growth that has not ended, as it started.
  struct Open {
    GrowthEvent started;
    std::uint64_t moved = 0;  // old buckets, where they are probed
  };
  template <typename Visit>
  void for_each_open(Visit visit) const {
    lives_.for_each([&](const Life& life) {
      if (life.open) visit(*life.open);
    });
  }
  // Those of the addresses asked for at which no growth was seen.
  [[nodiscard]] std::set<std::uint64_t> unseen() const;

 private:
  struct Life {
    std::uint64_t identity = 0;  // 0: not known yet
    std::optional<Open> open;
    std::uint64_t moved_of_unseen = 0;  // of a growth whose start was not seen
  };

  static void start(Life& life, const GrowthEvent& event, LifeStep& step);
  static void finish(Life& life, const GrowthEvent& event, LifeStep& step);
  static void move_bucket(Life& life, const GrowthEvent& event, LifeStep& step);

  std::set<std::uint64_t> addresses_;
  std::set<std::uint64_t> seen_;  // of these
  Recent<Life> lives_{kLimit};
};

}  // namespace gomapd::model
