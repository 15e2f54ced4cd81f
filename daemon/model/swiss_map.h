// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/model/swiss.h"
#include "daemon/model/swiss_table.h"

namespace gomapd::model {

// A Swiss map, told what is done to it: each key by a number and its hash. It
// does what maps.(*Map).PutSlot, Delete and Clear do, but keeps no elements.
// Memory and time are those of a real map.
class SwissMap {
 public:
  enum class Kind : std::uint8_t { kToTable, kTableDouble, kSplit };
  struct Growth {
    Kind kind = Kind::kToTable;
    std::uint64_t old_slots = 0;
    std::uint64_t new_slots = 0;  // both halves of a split
    std::uint64_t keys = 0;       // in the table concerned
    std::uint64_t bytes = 0;      // of the new tables, without the directory
    bool directory_grew = false;
  };
  // What one operation did.
  struct Step {
    std::vector<Growth> growths;  // a split whose halves are full splits again
    std::uint64_t pruned = 0;     // tombstones
    std::uint64_t bytes = 0;      // all that was allocated, with the directory
  };

  SwissMap(std::uint64_t hint, const SlotShape& shape, swiss::Assign assign = swiss::Assign::kFast);

  Step assign(std::uint64_t key, std::uint64_t hash);
  Step erase(std::uint64_t key, std::uint64_t hash);
  void clear();

  [[nodiscard]] std::uint64_t keys() const { return keys_; }
  [[nodiscard]] bool is_small() const { return directory_.empty(); }
  [[nodiscard]] std::uint64_t directory_length() const { return directory_.size(); }
  [[nodiscard]] unsigned global_depth() const { return global_depth_; }
  [[nodiscard]] const SwissTable& table(std::uint64_t directory_index) const {
    return tables_[directory_[directory_index]];
  }
  [[nodiscard]] std::uint64_t directory_index(std::uint64_t hash) const;
  [[nodiscard]] std::uint64_t made_bytes() const { return made_bytes_; }

 private:
  bool assign_small(std::uint64_t key, std::uint64_t hash);
  void grow_to_table(Step& step);
  void rehash(std::uint64_t directory_index, Step& step);
  void double_table(std::uint64_t directory_index, Step& step);
  void split_table(std::uint64_t directory_index, Step& step);
  void double_directory();
  // Puts `table` into the directory's entries from its index on.
  void install(std::size_t table);
  std::size_t add(SwissTable table);

  SlotShape shape_;
  swiss::Assign assign_;
  std::uint64_t keys_ = 0;
  unsigned global_depth_ = 0;
  bool tombstones_possible_ = false;  // since Go 1.25
  std::uint64_t made_bytes_ = 0;
  bool has_group_ = false;
  std::vector<SwissTable::Entry> small_;  // by slot; empty ones have no key
  std::vector<bool> small_full_;
  std::vector<std::size_t> directory_;
  std::vector<SwissTable> tables_;
  std::vector<std::size_t> free_tables_;
};

}  // namespace gomapd::model
