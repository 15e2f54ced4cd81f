// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/swiss_map.h"

#include <algorithm>
#include <bit>

namespace gomapd::model {

using swiss::kMaxTableSlots;
using swiss::kSlotsPerGroup;

namespace {

std::uint64_t directory_bytes(std::uint64_t length, go::Version version) {
  return allocated_bytes(length * sizeof(void*), Scan::kPointers, version);
}

}  // namespace

SwissMap::SwissMap(std::uint64_t hint, const SlotShape& shape, swiss::Assign assign)
    : shape_(shape), assign_(assign), small_(kSlotsPerGroup), small_full_(kSlotsPerGroup) {
  const auto made = swiss::directory_for_hint(hint, shape);
  if (made.tables == 0) return;
  global_depth_ = static_cast<unsigned>(std::countr_zero(made.tables));
  directory_.resize(made.tables);
  for (std::uint64_t index = 0; index < made.tables; ++index)
    directory_[index] = add(SwissTable(made.table_slots, index, global_depth_));
  made_bytes_ = made.tables * swiss::table_bytes(made.table_slots, shape) +
                directory_bytes(made.tables, shape.version);
}

std::uint64_t SwissMap::directory_index(std::uint64_t hash) const {
  constexpr unsigned kHashBits = 64;
  return directory_.size() <= 1 ? 0 : hash >> (kHashBits - global_depth_);
}

std::size_t SwissMap::add(SwissTable table) {
  if (free_tables_.empty()) {
    tables_.push_back(std::move(table));
    return tables_.size() - 1;
  }
  const auto at = free_tables_.back();
  free_tables_.pop_back();
  tables_[at] = std::move(table);
  return at;
}

// replaceTable
void SwissMap::install(std::size_t table) {
  const auto& installed = tables_[table];
  const auto entries = std::uint64_t{1} << (global_depth_ - installed.local_depth());
  for (std::uint64_t i = 0; i < entries; ++i) directory_[installed.index() + i] = table;
}

bool SwissMap::assign_small(std::uint64_t key, std::uint64_t hash) {
  std::optional<std::size_t> free;
  for (std::size_t slot = 0; slot < kSlotsPerGroup; ++slot) {
    if (small_full_[slot] && small_[slot].key == key) return true;
    if (!small_full_[slot] && !free) free = slot;
  }
  if (!free) return false;
  small_[*free] = {.key = key, .hash = hash};
  small_full_[*free] = true;
  ++keys_;
  return true;
}

// growToTable
void SwissMap::grow_to_table(Step& step) {
  SwissTable table(swiss::kFirstTableSlots, 0, 0);
  for (std::size_t slot = 0; slot < kSlotsPerGroup; ++slot)
    if (small_full_[slot]) table.put_new(small_[slot]);
  const auto bytes = swiss::table_bytes(table.slots(), shape_);
  step.growths.push_back({.kind = Kind::kToTable,
                          .old_slots = kSlotsPerGroup,
                          .new_slots = table.slots(),
                          .keys = keys_,
                          .bytes = bytes,
                          .directory_grew = false});
  step.bytes += bytes + directory_bytes(1, shape_.version);
  directory_ = {add(std::move(table))};
  global_depth_ = 0;
}

// Map.PutSlot
SwissMap::Step SwissMap::assign(std::uint64_t key, std::uint64_t hash) {
  Step step;
  if (is_small()) {
    if (!has_group_) step.bytes += swiss::small_map_bytes(shape_);
    has_group_ = true;
    const bool full = keys_ == kSlotsPerGroup;
    const bool looks_first = !full || !swiss::small_map_grows_on_update(shape_.version);
    if (looks_first && assign_small(key, hash)) return step;
    grow_to_table(step);
  }
  const bool prunes = swiss::prunes_tombstones(shape_.version, assign_);
  while (true) {
    const auto index = directory_index(hash);
    const auto result = tables_[directory_[index]].put({.key = key, .hash = hash}, prunes);
    step.pruned += result.pruned;
    if (result.put == SwissTable::Put::kDone) ++keys_;
    if (result.put != SwissTable::Put::kFull) return step;
    rehash(index, step);
  }
}

void SwissMap::rehash(std::uint64_t directory_index, Step& step) {
  switch (swiss::rehash(table(directory_index).slots())) {
    case swiss::Growth::kTableDouble: return double_table(directory_index, step);
    case swiss::Growth::kSplit: return split_table(directory_index, step);
  }
}

// table.grow
void SwissMap::double_table(std::uint64_t directory_index, Step& step) {
  const auto old = directory_[directory_index];
  const auto& from = tables_[old];
  SwissTable to(2 * from.slots(), from.index(), from.local_depth());
  from.for_each([&](const SwissTable::Entry& entry) { to.put_new(entry); });
  const auto bytes = swiss::table_bytes(to.slots(), shape_);
  step.growths.push_back({.kind = Kind::kTableDouble,
                          .old_slots = from.slots(),
                          .new_slots = to.slots(),
                          .keys = from.keys(),
                          .bytes = bytes,
                          .directory_grew = false});
  step.bytes += bytes;
  tables_[old] = std::move(to);
}

// table.split and installTableSplit
void SwissMap::split_table(std::uint64_t directory_index, Step& step) {
  const auto old = directory_[directory_index];
  const auto depth = tables_[old].local_depth() + 1;
  const Growth growth{.kind = Kind::kSplit,
                      .old_slots = tables_[old].slots(),
                      .new_slots = 2 * kMaxTableSlots,
                      .keys = tables_[old].keys(),
                      .bytes = 2 * swiss::table_bytes(kMaxTableSlots, shape_),
                      .directory_grew = tables_[old].local_depth() == global_depth_};
  step.bytes += growth.bytes;
  SwissTable left(kMaxTableSlots, 0, depth);
  SwissTable right(kMaxTableSlots, 0, depth);
  constexpr unsigned kHashBits = 64;
  tables_[old].for_each([&](const SwissTable::Entry& entry) {
    auto& to = ((entry.hash >> (kHashBits - depth)) & 1U) == 0 ? left : right;
    to.put_new(entry);
  });
  if (growth.directory_grew) {
    double_directory();
    step.bytes += directory_bytes(directory_.size(), shape_.version);
  }
  left.move_to(tables_[old].index());
  right.move_to(left.index() + (std::uint64_t{1} << (global_depth_ - depth)));
  free_tables_.push_back(old);
  install(add(std::move(left)));
  install(add(std::move(right)));
  step.growths.push_back(growth);
}

void SwissMap::double_directory() {
  std::vector<std::size_t> doubled(directory_.size() * 2);
  for (std::size_t i = 0; i < directory_.size(); ++i) {
    doubled[2 * i] = doubled[2 * i + 1] = directory_[i];
    // Of a table's entries the first is its index.
    if (i == 0 || directory_[i] != directory_[i - 1]) tables_[directory_[i]].move_to(2 * i);
  }
  directory_ = std::move(doubled);
  ++global_depth_;
}

// Map.Delete
SwissMap::Step SwissMap::erase(std::uint64_t key, std::uint64_t hash) {
  Step step;
  if (keys_ == 0) return step;
  if (is_small()) {
    for (std::size_t slot = 0; slot < kSlotsPerGroup; ++slot) {
      if (!small_full_[slot] || small_[slot].key != key) continue;
      small_full_[slot] = false;
      --keys_;
    }
    return step;
  }
  const auto erased = tables_[directory_[directory_index(hash)]].erase({.key = key, .hash = hash});
  if (erased != SwissTable::Erased::kNothing) --keys_;
  if (erased == SwissTable::Erased::kToTombstone) tombstones_possible_ = true;
  return step;
}

// Map.Clear: the directory and its tables stay. Go 1.24 leaves the tombstones of
// an empty map.
void SwissMap::clear() {
  const bool leaves_tombstones = shape_.version.minor <= 24;
  if (keys_ == 0 && (leaves_tombstones || !tombstones_possible_)) return;
  std::fill(small_full_.begin(), small_full_.end(), false);
  for (const auto table : directory_) tables_[table].clear();
  keys_ = 0;
  tombstones_possible_ = false;
}

}  // namespace gomapd::model
