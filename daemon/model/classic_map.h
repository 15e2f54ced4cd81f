// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/model/classic.h"

namespace gomapd::model {

// A classic map, told what is done to it: each key by a number and its hash. It
// does what runtime.mapassign, mapdelete and mapclear do, but keeps no elements.
// Memory and time are those of a real map.
class ClassicMap {
 public:
  struct Growth {
    classic::Growth kind = classic::Growth::kNone;
    unsigned old_b = 0;
    unsigned new_b = 0;
  };
  // What one operation did.
  struct Step {
    std::optional<Growth> growth;
    unsigned finished = 0;               // growths that ended: an older one, its own
    bool dropped = false;                // clear: one under way was given up
    std::uint64_t bucket_bytes = 0;      // for arrays, and overflow buckets one by one
    std::uint64_t overflow_buckets = 0;  // taken into use, ahead or new
    std::uint64_t overflow_before = 0;   // of these, before the growth started
  };

  ClassicMap(std::uint64_t hint, const SlotShape& shape);

  Step assign(std::uint64_t key, std::uint64_t hash);
  Step erase(std::uint64_t key, std::uint64_t hash);
  Step clear();
  // From B = 16 on the runtime counts overflow buckets by chance: what it has.
  void observe_noverflow(std::uint64_t noverflow) { noverflow_ = noverflow; }

  [[nodiscard]] std::uint64_t keys() const { return keys_; }
  [[nodiscard]] unsigned b() const { return b_; }
  [[nodiscard]] std::uint64_t noverflow() const { return noverflow_; }
  [[nodiscard]] bool is_growing() const { return !old_.empty(); }
  [[nodiscard]] bool is_same_size() const { return is_growing() && old_b_ == b_; }
  [[nodiscard]] std::uint64_t evacuation_mark() const { return mark_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t hash = 0;
    bool full = false;
  };
  struct Bucket {
    std::vector<Slot> slots;  // eight each of it and its overflow buckets
    bool evacuated = false;
  };

  void allocate(unsigned b, Step& step);
  void new_overflow(Bucket& bucket, Step& step);
  void start_growth(classic::Growth kind, Step& step);
  void grow_work(std::uint64_t hash, Step& step);
  void evacuate(std::uint64_t old_bucket, Step& step);
  void advance_mark(Step& step);
  static Slot* find(Bucket& bucket, std::uint64_t key);

  SlotShape shape_;
  unsigned b_ = 0;
  std::uint64_t keys_ = 0;
  std::uint64_t noverflow_ = 0;
  std::uint64_t ahead_ = 0;  // overflow buckets of the array that are left
  std::uint64_t mark_ = 0;   // nevacuate
  unsigned old_b_ = 0;
  std::vector<Bucket> buckets_;  // empty until the first assignment at B = 0
  std::vector<Bucket> old_;
};

}  // namespace gomapd::model
