// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/model/stream.h"

#include <fmt/core.h>

namespace gomapd::test {

std::string MapState::text() const {
  auto text = fmt::format("keys {}, B {}, noverflow {}, growing {}, nevacuate {}, directory {}/{}",
                          keys, b, noverflow, growing, mark, directory_length, global_depth);
  if (table)
    text += fmt::format(", table {} of {} slots with {} keys, {} left, depth {}", table->index,
                        table->slots, table->keys, table->growth_left, table->local_depth);
  return text;
}

Stream::Stream(std::string_view bytes) : rest_(bytes) {
  broken_ = byte() != 'V';
  swiss_ = byte() != 0;
}

std::uint8_t Stream::byte() {
  if (rest_.empty()) {
    broken_ = true;
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::uint64_t Stream::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto part = byte();
    value |= std::uint64_t{part & 0x7fU} << shift;
    if (part < 0x80) break;
  }
  return value;
}

std::uint64_t Stream::word() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) value |= std::uint64_t{byte()} << shift;
  return value;
}

model::ValueType Stream::type() {
  model::ValueType type;
  type.size = number();
  type.align = number();
  type.has_pointers = number() != 0;
  return type;
}

TableState Stream::table() {
  TableState table;
  table.index = number();
  table.slots = number();
  table.keys = number();
  table.growth_left = number();
  table.local_depth = number();
  return table;
}

MapState Stream::state() {
  MapState state;
  state.keys = number();
  if (swiss_) {
    state.directory_length = number();
    state.global_depth = number();
    if (state.directory_length != 0) state.table = table();
  } else {
    state.b = number();
    state.noverflow = number();
    state.growing = number();
    state.mark = number();
  }
  return state;
}

bool Stream::next(Record& record) {
  record.operation = static_cast<Operation>(byte());
  switch (record.operation) {
    case Operation::kMake:
      record.family = number();
      record.hint = number();
      record.key_type = type();
      record.elem_type = type();
      record.unit_bytes = number();
      record.unit_has_pointers = number() != 0;
      record.bytes = number();
      record.state = state();
      break;
    case Operation::kAssign:
    case Operation::kErase:
      record.key = number();
      record.hash = word();
      record.bytes = number();
      record.state = state();
      break;
    case Operation::kClear:
      record.bytes = number();
      record.hash = 0;
      record.state = state();
      break;
    case Operation::kTables:
      record.tables.resize(number() & 0xffffU);
      for (auto& one : record.tables) one = table();
      break;
    case Operation::kEnd: break;
    default: broken_ = true;
  }
  return !broken_;
}

}  // namespace gomapd::test
