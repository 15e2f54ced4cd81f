// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/slot_shape.h"

namespace gomapd::test {

// What the Go program in replay/ wrote: what was done to a map, and what its
// header said afterwards.

struct TableState {
  std::uint64_t index = 0;
  std::uint64_t slots = 0;
  std::uint64_t keys = 0;
  std::uint64_t growth_left = 0;
  std::uint64_t local_depth = 0;

  friend bool operator==(const TableState&, const TableState&) = default;
};

struct MapState {
  std::uint64_t keys = 0;
  // Classic.
  std::uint64_t b = 0;
  std::uint64_t noverflow = 0;
  std::uint64_t growing = 0;  // 1: yes, 3: to the same size
  std::uint64_t mark = 0;
  // Swiss.
  std::uint64_t directory_length = 0;
  std::uint64_t global_depth = 0;
  std::optional<TableState> table;  // that the key's hash leads to

  friend bool operator==(const MapState&, const MapState&) = default;
  [[nodiscard]] std::string text() const;
};

enum class Operation : char {
  kMake = 'M',
  kAssign = 'P',
  kErase = 'D',
  kClear = 'C',
  kTables = 'T',
  kEnd = 'E',
};

struct Record {
  Operation operation = Operation::kEnd;
  std::uint64_t key = 0;
  std::uint64_t hash = 0;
  std::uint64_t bytes = 0;  // allocated, where that was asked for
  MapState state;
  // kMake.
  std::uint64_t family = 0;
  std::uint64_t hint = 0;
  model::ValueType key_type;
  model::ValueType elem_type;
  std::uint64_t unit_bytes = 0;
  bool unit_has_pointers = false;
  // kTables: by directory entry.
  std::vector<TableState> tables;
};

class Stream {
 public:
  // Borrows `bytes`; they must outlive the stream.
  explicit Stream(std::string_view bytes);

  [[nodiscard]] bool is_swiss() const { return swiss_; }
  // The next record; nothing when the bytes make no sense, or after kEnd.
  [[nodiscard]] bool next(Record& record);

 private:
  std::uint8_t byte();
  std::uint64_t number();
  std::uint64_t word();
  model::ValueType type();
  TableState table();
  MapState state();

  std::string_view rest_;
  bool swiss_ = false;
  bool broken_ = false;
};

}  // namespace gomapd::test
