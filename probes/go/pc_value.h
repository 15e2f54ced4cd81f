// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/base/bytes.h"

namespace gomapd::go {

// Walks a pc-value table: how a value (line, file number, inline-tree index)
// changes along a function. go1.27 src/runtime/symtab.go: pcvalue, step.
//
//   for (PcValues values(table, quantum); values.next();) …
//
// Ends at the table's end, at bytes that no compiler writes, or after as many
// steps as no real function has; it never reads past the table.
class PcValues {
 public:
  // `table` starts at the function's entry of the table and may be longer.
  PcValues(Bytes table, std::uint8_t quantum) : table_(table), quantum_(quantum) {}

  // Moves to the next range; false when there is none.
  bool next();

  // The value of the range [begin, end), in bytes from the function's entry.
  [[nodiscard]] std::int32_t value() const { return value_; }
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  bool read_varint(std::uint32_t& value);

  Bytes table_;
  std::uint8_t quantum_;
  std::size_t position_ = 0;
  std::uint32_t steps_ = 0;
  std::int32_t value_ = -1;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

// The value at `offset` from the function's entry; -1 when there is none.
[[nodiscard]] std::int32_t pc_value_at(PcValues values, std::uint64_t offset);

}  // namespace gomapd::go
