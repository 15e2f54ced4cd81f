// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/swiss_table.h"

#include <algorithm>

namespace gomapd::model {

using swiss::kSlotsPerGroup;

// probeSeq: triangular steps, so that each group is met once.
struct SwissTable::Probe {
  std::uint64_t mask = 0;
  std::uint64_t group = 0;
  std::uint64_t step = 0;

  void next() {
    ++step;
    group = (group + step) & mask;
  }
};

SwissTable::SwissTable(std::uint64_t slots, std::uint64_t index, unsigned local_depth)
    : growth_left_(swiss::max_growth_left(slots)),
      local_depth_(local_depth),
      index_(index),
      state_(slots, kEmpty),
      entries_(slots) {}

SwissTable::Probe SwissTable::probe(std::uint64_t hash) const {
  const auto mask = slots() / kSlotsPerGroup - 1;
  constexpr unsigned kH2Bits = 7;
  return {.mask = mask, .group = (hash >> kH2Bits) & mask, .step = 0};
}

std::optional<std::uint64_t> SwissTable::find_in(std::uint64_t group, std::uint64_t key) const {
  for (auto slot = group * kSlotsPerGroup; slot < (group + 1) * kSlotsPerGroup; ++slot)
    if (state_[slot] == kFull && entries_[slot].key == key) return slot;
  return std::nullopt;
}

std::optional<std::uint64_t> SwissTable::first_free(std::uint64_t group) const {
  for (auto slot = group * kSlotsPerGroup; slot < (group + 1) * kSlotsPerGroup; ++slot)
    if (state_[slot] != kFull) return slot;
  return std::nullopt;
}

bool SwissTable::has_empty(std::uint64_t group) const {
  const auto first = state_.begin() + static_cast<std::ptrdiff_t>(group * kSlotsPerGroup);
  return std::find(first, first + kSlotsPerGroup, kEmpty) != first + kSlotsPerGroup;
}

SwissTable::PutResult SwissTable::put(const Entry& entry, bool prunes) {
  std::optional<std::uint64_t> tombstone;
  auto sequence = probe(entry.hash);
  for (;; sequence.next()) {
    if (find_in(sequence.group, entry.key)) return {.put = Put::kUpdated, .pruned = 0};
    const auto free = first_free(sequence.group);
    if (!free) continue;
    if (state_[*free] == kDeleted) {
      if (!tombstone) tombstone = free;
      continue;
    }
    PutResult result;
    // A tombstone on the way is used again: that takes no room.
    if (tombstone) ++growth_left_;
    if (growth_left_ == 0 && prunes) result.pruned = prune_tombstones();
    if (growth_left_ == 0) return {.put = Put::kFull, .pruned = result.pruned};
    const auto slot = tombstone.value_or(*free);
    state_[slot] = kFull;
    entries_[slot] = entry;
    --growth_left_;
    ++keys_;
    return result;
  }
}

void SwissTable::put_new(const Entry& entry) {
  auto sequence = probe(entry.hash);
  auto free = first_free(sequence.group);
  while (!free) {
    sequence.next();
    free = first_free(sequence.group);
  }
  state_[*free] = kFull;
  entries_[*free] = entry;
  --growth_left_;
  ++keys_;
}

// table.Delete: only a full group may lie in the middle of a probe sequence, so
// only there a tombstone is needed.
SwissTable::Erased SwissTable::erase(const Entry& entry) {
  for (auto sequence = probe(entry.hash);; sequence.next()) {
    const auto slot = find_in(sequence.group, entry.key);
    const bool ends = has_empty(sequence.group);
    if (slot) {
      --keys_;
      state_[*slot] = ends ? kEmpty : kDeleted;
      if (ends) ++growth_left_;
      return ends ? Erased::kSlot : Erased::kToTombstone;
    }
    if (ends) return Erased::kNothing;
  }
}

void SwissTable::clear() {
  std::ranges::fill(state_, kEmpty);
  keys_ = 0;
  growth_left_ = swiss::max_growth_left(slots());
}

// Of those, no tombstone may go: a key's probe sequence passes it, or the group
// has none.
std::vector<bool> SwissTable::groups_to_keep() const {
  std::vector<bool> keep(slots() / kSlotsPerGroup, false);
  for (std::uint64_t slot = 0; slot < slots(); ++slot) {
    if (state_[slot] != kFull) continue;
    for (auto sequence = probe(entries_[slot].hash); sequence.group != slot / kSlotsPerGroup;
         sequence.next())
      if (first_free(sequence.group)) keep[sequence.group] = true;
  }
  for (std::uint64_t group = 0; group < keep.size(); ++group)
    if (has_empty(group)) keep[group] = true;
  return keep;
}

// table.pruneTombstones: those that no key needs, if they are a tenth of the slots.
std::uint64_t SwissTable::prune_tombstones() {
  if (!swiss::is_worth_pruning(tombstones(), slots())) return 0;
  const auto keep = groups_to_keep();
  const auto can_go = [&](std::uint64_t slot) {
    return !keep[slot / kSlotsPerGroup] && state_[slot] == kDeleted;
  };
  std::uint64_t count = 0;
  for (std::uint64_t slot = 0; slot < slots(); ++slot) count += can_go(slot) ? 1 : 0;
  if (!swiss::is_worth_pruning(count, slots())) return 0;
  for (std::uint64_t slot = 0; slot < slots(); ++slot)
    if (can_go(slot)) state_[slot] = kEmpty;
  growth_left_ += count;
  return count;
}

}  // namespace gomapd::model
