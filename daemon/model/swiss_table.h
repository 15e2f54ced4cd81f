// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/model/swiss.h"

namespace gomapd::model {

// One table of a Swiss map, slot by slot.
// go1.24 to go1.27 internal/runtime/maps/table.go: type table
class SwissTable {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t hash = 0;
  };
  enum class Put : std::uint8_t { kDone, kUpdated, kFull };
  struct PutResult {
    Put put = Put::kDone;
    std::uint64_t pruned = 0;
  };

  SwissTable(std::uint64_t slots, std::uint64_t index, unsigned local_depth);

  // table.PutSlot: kFull leaves it to the caller to grow and try again.
  PutResult put(const Entry& entry, bool prunes);
  // table.uncheckedPutSlot: of a key that is not there, with room for it.
  void put_new(const Entry& entry);
  enum class Erased : std::uint8_t { kNothing, kSlot, kToTombstone };
  Erased erase(const Entry& entry);
  void clear();

  // Calls `take` with each entry, in the order of a growth.
  template <typename Take>
  void for_each(Take take) const {
    for (std::uint64_t slot = 0; slot < slots(); ++slot)
      if (state_[slot] == kFull) take(entries_[slot]);
  }

  [[nodiscard]] std::uint64_t slots() const { return state_.size(); }
  [[nodiscard]] std::uint64_t keys() const { return keys_; }
  [[nodiscard]] std::uint64_t growth_left() const { return growth_left_; }
  [[nodiscard]] std::uint64_t tombstones() const {
    return swiss::max_growth_left(slots()) - keys_ - growth_left_;
  }
  [[nodiscard]] unsigned local_depth() const { return local_depth_; }
  [[nodiscard]] std::uint64_t index() const { return index_; }
  void move_to(std::uint64_t index) { index_ = index; }

 private:
  enum State : std::uint8_t { kEmpty, kDeleted, kFull };  // of control bytes
  struct Probe;

  [[nodiscard]] Probe probe(std::uint64_t hash) const;
  [[nodiscard]] std::optional<std::uint64_t> find_in(std::uint64_t group, std::uint64_t key) const;
  // The first slot of the group that is in `state`, or in one of them.
  [[nodiscard]] std::optional<std::uint64_t> first_free(std::uint64_t group) const;
  [[nodiscard]] bool has_empty(std::uint64_t group) const;
  std::uint64_t prune_tombstones();
  [[nodiscard]] std::vector<bool> groups_to_keep() const;

  std::uint64_t keys_ = 0;
  std::uint64_t growth_left_ = 0;
  unsigned local_depth_ = 0;
  std::uint64_t index_ = 0;
  std::vector<State> state_;
  std::vector<Entry> entries_;
};

}  // namespace gomapd::model
