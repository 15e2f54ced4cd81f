// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/model/replay.h"

#include <fmt/core.h>

#include <bit>
#include <optional>

#include "daemon/model/classic_map.h"
#include "daemon/model/growth.h"
#include "daemon/model/swiss_map.h"
#include "tests/model/bookkeeping.h"
#include "tests/model/stream.h"

namespace gomapd::test {
namespace {

// Of the families of replay/keys.go, by number.
model::swiss::Assign assign_of(std::uint64_t family) {
  switch (family) {
    case 0:                                      // uint64
    case 1:                                      // uint32
    case 2:                                      // string
    case 4: return model::swiss::Assign::kFast;  // string, no element
    case 3: return model::swiss::Assign::kFastPointer;
    default: return model::swiss::Assign::kGeneric;
  }
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

// What a new entry allocates for a key or element that is kept by pointer.
std::uint64_t indirect_bytes(const model::ValueType& type, go::Version version) {
  const auto scan = type.has_pointers ? model::Scan::kPointers : model::Scan::kNoPointers;
  return type.is_indirect() ? model::allocated_bytes(type.size, scan, version) : 0;
}

class ClassicReplay {
 public:
  ClassicReplay(const Record& made, const model::SlotShape& shape)
      : shape_(shape), map_(made.hint, shape), extra_(shape, map_.b()) {
    const auto b = map_.b();
    made_bytes_ = extra_.made_bytes() + (b == 0 ? 0 : model::bucket_array_bytes(b, shape));
  }

  [[nodiscard]] std::uint64_t made_bytes() const { return made_bytes_; }

  std::uint64_t apply(const Record& record, Replayed& result) {
    if (record.operation == Operation::kClear && map_.keys() != 0) extra_.clear();
    const auto before = map_.noverflow();
    const auto step = record.operation == Operation::kAssign  ? map_.assign(record.key, record.hash)
                      : record.operation == Operation::kErase ? map_.erase(record.key, record.hash)
                                                              : map_.clear();
    count(step, result);
    if (map_.b() > model::classic::kLargestExactOverflowB)
      take_over(record, step, step.growth ? 0 : before, result);
    return step.bucket_bytes + extra_.bytes_of(step);
  }

  [[nodiscard]] MapState state(std::uint64_t) const {
    MapState state;
    state.keys = map_.keys();
    state.b = map_.b();
    state.noverflow = map_.noverflow();
    state.growing = map_.is_growing() ? (map_.is_same_size() ? 3 : 1) : 0;
    state.mark = map_.evacuation_mark();
    return state;
  }
  [[nodiscard]] std::vector<TableState> tables() const { return {}; }
  [[nodiscard]] std::uint64_t keys() const { return map_.keys(); }

 private:
  void count(const model::ClassicMap::Step& step, Replayed& result) const {
    result.dropped += step.dropped ? 1 : 0;
    if (!step.growth) return;
    const bool doubles = step.growth->kind == model::classic::Growth::kDouble;
    const auto kind = doubles ? GM_KIND_DOUBLE : GM_KIND_SAME_SIZE;
    ++result.growths.at(kind);
    const auto sizes = model::growth_sizes(kind, step.growth->old_b, shape_);
    if (sizes.new_buckets != std::uint64_t{1} << step.growth->new_b)
      result.difference = "growth_sizes says otherwise than the map";
  }

  // incrnoverflow leaves it to chance whether it counts; but not more than all.
  void take_over(const Record& record, const model::ClassicMap::Step& step, std::uint64_t before,
                 Replayed& result) {
    const auto after =
        step.growth ? step.overflow_buckets - step.overflow_before : step.overflow_buckets;
    if (difference(record.state.noverflow, before) > after && record.operation != Operation::kClear)
      result.difference = fmt::format("noverflow from {} to {} by {} overflow buckets", before,
                                      record.state.noverflow, after);
    map_.observe_noverflow(record.state.noverflow);
    ++result.sampled_operations;
  }

  model::SlotShape shape_;
  model::ClassicMap map_;
  Bookkeeping extra_;
  std::uint64_t made_bytes_ = 0;
};

TableState state_of(const model::SwissTable& table) {
  return {.index = table.index(),
          .slots = table.slots(),
          .keys = table.keys(),
          .growth_left = table.growth_left(),
          .local_depth = table.local_depth()};
}

class SwissReplay {
 public:
  SwissReplay(const Record& made, const model::SlotShape& shape)
      : shape_(shape), map_(made.hint, shape, assign_of(made.family)) {}

  [[nodiscard]] std::uint64_t made_bytes() const { return map_.made_bytes(); }

  std::uint64_t apply(const Record& record, Replayed& result) {
    if (record.operation == Operation::kClear) {
      map_.clear();
      return 0;
    }
    const auto step = record.operation == Operation::kAssign ? map_.assign(record.key, record.hash)
                                                             : map_.erase(record.key, record.hash);
    result.pruned += step.pruned;
    for (const auto& growth : step.growths) {
      const auto kind = growth.kind == model::SwissMap::Kind::kToTable       ? GM_KIND_TO_TABLE
                        : growth.kind == model::SwissMap::Kind::kTableDouble ? GM_KIND_TABLE_DOUBLE
                                                                             : GM_KIND_SPLIT;
      ++result.growths.at(kind);
      const auto log2 = static_cast<unsigned>(std::countr_zero(growth.old_slots));
      const auto sizes = model::growth_sizes(kind, log2, shape_);
      if (sizes.new_buckets != growth.new_slots || sizes.bytes != growth.bytes)
        result.difference = "growth_sizes says otherwise than the map";
    }
    return step.bytes;
  }

  [[nodiscard]] MapState state(std::uint64_t hash) const {
    MapState state;
    state.keys = map_.keys();
    state.directory_length = map_.directory_length();
    state.global_depth = map_.global_depth();
    if (!map_.is_small()) state.table = state_of(map_.table(map_.directory_index(hash)));
    return state;
  }
  [[nodiscard]] std::vector<TableState> tables() const {
    std::vector<TableState> tables;
    for (std::uint64_t i = 0; i < map_.directory_length(); ++i)
      tables.push_back(state_of(map_.table(i)));
    return tables;
  }
  [[nodiscard]] std::uint64_t keys() const { return map_.keys(); }

 private:
  model::SlotShape shape_;
  model::SwissMap map_;
};

model::SlotShape shape_of(const Record& made, bool swiss, go::Version version) {
  return swiss ? model::group_shape(made.key_type, made.elem_type, version)
               : model::bucket_shape(made.key_type, made.elem_type, version);
}

std::string place(const Record& record, const Record& made, const Replayed& result) {
  return fmt::format("operation {} ({} of key {}) on map {} (family {}, hint {})",
                     result.operations, static_cast<char>(record.operation), record.key,
                     result.maps, made.family, made.hint);
}

template <typename Map>
void replay_maps(Stream& stream, go::Version version, Bytes bytes, Replayed& result) {
  std::optional<Map> map;
  Record record;
  Record made;
  model::SlotShape shape;
  while (result.difference.empty()) {
    if (!stream.next(record)) {
      result.difference = "the stream ends early, or is broken";
      return;
    }
    std::uint64_t expected = 0;
    switch (record.operation) {
      case Operation::kEnd: return;
      case Operation::kMake:
        made = record;
        made.tables.clear();
        shape = shape_of(record, stream.is_swiss(), version);
        map.emplace(record, shape);
        expected = map->made_bytes();
        ++result.maps;
        if (shape.unit_bytes != record.unit_bytes ||
            (shape.scan == model::Scan::kPointers) != record.unit_has_pointers)
          result.difference = fmt::format("bucket or group: {} bytes, the runtime's {}",
                                          shape.unit_bytes, record.unit_bytes);
        record.hash = 0;
        break;
      case Operation::kTables:
        if (map->tables() != record.tables) result.difference = "tables differ";
        continue;
      default: {
        const auto keys = map->keys();
        expected = map->apply(record, result);
        if (map->keys() > keys)
          expected +=
              indirect_bytes(made.key_type, version) + indirect_bytes(made.elem_type, version);
        ++result.operations;
      }
    }
    const auto state = map->state(record.hash);
    if (state != record.state)
      result.difference = "model: " + state.text() + "\nruntime: " + record.state.text();
    if (bytes == Bytes::kCompared && expected != record.bytes)
      result.difference = fmt::format("model: {} bytes, runtime: {} bytes, with {}", expected,
                                      record.bytes, state.text());
    result.bytes += expected;
    if (!result.difference.empty())
      result.difference = place(record, made, result) + "\n" + result.difference;
  }
}

}  // namespace

Replayed replay(std::string_view bytes, go::Version version, Bytes compare) {
  Replayed result;
  Stream stream(bytes);
  if (stream.is_swiss())
    replay_maps<SwissReplay>(stream, version, compare, result);
  else
    replay_maps<ClassicReplay>(stream, version, compare, result);
  return result;
}

}  // namespace gomapd::test
