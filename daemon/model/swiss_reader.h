// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/model/picture.h"
#include "daemon/model/snapshot.h"
#include "daemon/model/swiss.h"

// How a Swiss map is read from memory: what snapshots and pictures share.
namespace gomapd::model::swiss {

// go1.24 to go1.27 internal/runtime/maps/map.go: type Map
struct Header {
  std::uint64_t used;
  std::uint64_t seed;
  std::uint64_t dir_ptr;
  std::uint64_t dir_len;
  std::uint8_t global_depth;
  std::uint8_t global_shift;
  std::uint8_t writing;
  std::uint8_t tombstone_possible;  // since Go 1.25
  std::uint32_t pad;
  std::uint64_t clear_seq;
};
static_assert(sizeof(Header) == 48);

// go1.24 to go1.27 internal/runtime/maps/table.go: type table
struct Table {
  std::uint16_t used;
  std::uint16_t capacity;
  std::uint16_t growth_left;
  std::uint8_t local_depth;
  std::uint8_t pad;
  std::int64_t index;
  std::uint64_t groups;
  std::uint64_t length_mask;
  friend bool operator==(const Table&, const Table&) = default;
};
static_assert(sizeof(Table) == kTableHeaderBytes);

inline constexpr std::uint64_t kWord = 8;
using Words = std::vector<std::uint64_t>;

struct Pass {
  Words directory;
  std::vector<Table> tables;  // each once, in the directory's order
  Words controls;             // of all groups; empty where they were not read
};

class Reader {
 public:
  Reader(const GoMapPlace& place, const ReadPieces& read, const SnapshotLimits& limits)
      : place_(place), read_(read), limits_(limits), unit_(place.shape.unit_bytes) {}

  [[nodiscard]] Snapshot attempt() const;
  [[nodiscard]] PictureAttempt picture() const;

 private:
  [[nodiscard]] bool read_header(Header& header) const;
  [[nodiscard]] std::string_view implausible(const Header& header) const;
  [[nodiscard]] std::string_view read_pass(const Header& header, Pass& pass) const;
  [[nodiscard]] std::string_view read_tables(const Header& header, Pass& pass) const;
  [[nodiscard]] static bool fits(const Header& header, const Table& table, std::uint64_t at);
  [[nodiscard]] bool read_groups(std::uint64_t address, std::uint64_t groups, Words& to) const;

  [[nodiscard]] static bool same_frame(const Header& a, const Header& b);
  [[nodiscard]] static bool same_shape(const Pass& a, const Pass& b);
  [[nodiscard]] static bool same_contents(const Pass& a, const Pass& b);
  [[nodiscard]] static bool adds_up(const Header& header, const Pass& pass);
  [[nodiscard]] GoMapState state_of(const Header& header, const Pass& pass) const;
  [[nodiscard]] static SwissState::Contents contents_of(const Pass& pass);

  const GoMapPlace& place_;
  const ReadPieces& read_;
  const SnapshotLimits& limits_;
  std::uint64_t unit_;
};

[[nodiscard]] inline std::uint64_t tombstones_of(const Table& table) {
  return max_growth_left(table.capacity) - table.used - table.growth_left;
}

}  // namespace gomapd::model::swiss
