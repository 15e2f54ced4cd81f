// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/classic_map.h"

#include <algorithm>

namespace gomapd::model {

using classic::bucket_of;
using classic::kSlotsPerBucket;

ClassicMap::ClassicMap(std::uint64_t hint, const SlotShape& shape)
    : shape_(shape), b_(classic::b_for_hint(hint, shape)) {
  Step made;
  if (b_ != 0) allocate(b_, made);
}

// makeBucketArray; newobject at B = 0.
void ClassicMap::allocate(unsigned b, Step& step) {
  const auto array = classic::bucket_array(b, shape_);
  buckets_.assign(array.buckets, Bucket{std::vector<Slot>(kSlotsPerBucket), false});
  // At B < 4 nothing is handed over, so what was left of an older array stays:
  // there is none, since arrays only grow.
  ahead_ = array.overflow_ahead;
  step.bucket_bytes += array.bytes;
}

// newoverflow, incrnoverflow
void ClassicMap::new_overflow(Bucket& bucket, Step& step) {
  if (ahead_ != 0)
    --ahead_;
  else
    step.bucket_bytes += allocated_bytes(shape_.unit_bytes, shape_.scan, shape_.version);
  if (b_ <= classic::kLargestExactOverflowB) ++noverflow_;
  ++step.overflow_buckets;
  bucket.slots.resize(bucket.slots.size() + kSlotsPerBucket);
}

// hashGrow
void ClassicMap::start_growth(classic::Growth kind, Step& step) {
  step.overflow_before = step.overflow_buckets;
  old_b_ = b_;
  if (kind == classic::Growth::kDouble) ++b_;
  step.growth = Growth{.kind = kind, .old_b = old_b_, .new_b = b_};
  old_ = std::move(buckets_);
  allocate(b_, step);
  mark_ = 0;
  noverflow_ = 0;
}

// growWork: the bucket about to be used, and one more.
void ClassicMap::grow_work(std::uint64_t hash, Step& step) {
  evacuate(bucket_of(hash, old_b_), step);
  if (is_growing()) evacuate(mark_, step);
}

void ClassicMap::evacuate(std::uint64_t old_bucket, Step& step) {
  auto& from = old_[old_bucket];
  if (!from.evacuated) {
    const auto high = std::uint64_t{1} << old_b_;
    std::uint64_t filled_low = 0;
    std::uint64_t filled_high = 0;
    for (const auto& slot : from.slots) {
      if (!slot.full) continue;
      const auto index = bucket_of(slot.hash, b_);
      auto& filled = (index & high) != 0 ? filled_high : filled_low;
      auto& to = buckets_[index];
      if (filled == to.slots.size()) new_overflow(to, step);
      to.slots[filled++] = slot;
    }
    from.evacuated = true;
    from.slots = {};
  }
  if (old_bucket == mark_) advance_mark(step);
}

// advanceEvacuationMark
void ClassicMap::advance_mark(Step& step) {
  const std::uint64_t count = old_.size();
  ++mark_;
  const auto stop = std::min(mark_ + classic::kEvacuationLookAhead, count);
  while (mark_ != stop && old_[mark_].evacuated) ++mark_;
  if (mark_ != count) return;
  old_.clear();
  ++step.finished;
}

ClassicMap::Slot* ClassicMap::find(Bucket& bucket, std::uint64_t key) {
  const auto found = std::ranges::find_if(
      bucket.slots, [&](const Slot& slot) { return slot.full && slot.key == key; });
  return found == bucket.slots.end() ? nullptr : &*found;
}

// mapassign
ClassicMap::Step ClassicMap::assign(std::uint64_t key, std::uint64_t hash) {
  Step step;
  if (buckets_.empty()) allocate(0, step);
  while (true) {
    if (is_growing()) grow_work(hash, step);
    if (find(buckets_[bucket_of(hash, b_)], key) != nullptr) return step;
    if (is_growing()) break;
    const auto growth = classic::growth_on_insert(keys_, b_, noverflow_, shape_.version);
    if (growth == classic::Growth::kNone || step.growth) break;
    start_growth(growth, step);
  }
  auto& bucket = buckets_[bucket_of(hash, b_)];
  auto slot = std::ranges::find(bucket.slots, false, &Slot::full);
  if (slot == bucket.slots.end()) {
    const auto at = bucket.slots.size();
    new_overflow(bucket, step);
    slot = bucket.slots.begin() + static_cast<std::ptrdiff_t>(at);
  }
  *slot = {.key = key, .hash = hash, .full = true};
  ++keys_;
  return step;
}

// mapdelete: it moves buckets, but starts no growth and frees no overflow bucket.
ClassicMap::Step ClassicMap::erase(std::uint64_t key, std::uint64_t hash) {
  Step step;
  if (keys_ == 0) return step;
  if (is_growing()) grow_work(hash, step);
  if (auto* slot = find(buckets_[bucket_of(hash, b_)], key)) {
    slot->full = false;
    --keys_;
  }
  return step;
}

// mapclear: nothing on an empty map, even on one that is growing. Otherwise the
// buckets stay, a growth under way is given up, overflow buckets are handed out
// again from the array's own.
ClassicMap::Step ClassicMap::clear() {
  Step step;
  if (keys_ == 0) return step;
  step.dropped = is_growing();
  old_.clear();
  mark_ = 0;
  noverflow_ = 0;
  keys_ = 0;
  Step reused;
  allocate(b_, reused);
  return step;
}

}  // namespace gomapd::model
