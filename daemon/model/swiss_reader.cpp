// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/swiss_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "daemon/model/growth.h"

namespace gomapd::model {
namespace swiss {
namespace {

constexpr unsigned kMaxDepth = 32;
// go1.24 internal/runtime/maps/group.go: ctrlEmpty, ctrlDeleted; a full slot has
// the highest bit off.
constexpr std::uint8_t kEmpty = 0x80;
constexpr std::uint8_t kDeleted = 0xfe;

// What control words say.
struct Use {
  std::uint64_t keys = 0;
  std::uint64_t tombstones = 0;
  bool is_valid = true;
};

Snapshot torn(std::string_view reason) {
  return {.outcome = SnapshotOutcome::kTorn, .reason = reason, .retries = 0, .state = {}};
}
Snapshot gone() {
  return {.outcome = SnapshotOutcome::kGone, .reason = {}, .retries = 0, .state = {}};
}

Use use_of(std::span<const std::uint64_t> controls) {
  Use use;
  for (const auto word : controls) {
    for (unsigned slot = 0; slot < kSlotsPerGroup; ++slot) {
      const auto control = static_cast<std::uint8_t>(word >> (8 * slot));
      if ((control & kEmpty) == 0)
        ++use.keys;
      else if (control == kDeleted)
        ++use.tombstones;
      else if (control != kEmpty)
        use.is_valid = false;
    }
  }
  return use;
}

// Slots that differ between two readings.
std::uint64_t changed_slots(const Words& a, const Words& b) {
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (unsigned slot = 0; slot < kSlotsPerGroup; ++slot)
      changed += ((a[i] ^ b[i]) >> (8 * slot) & 0xffU) != 0 ? 1 : 0;
  return changed;
}

}  // namespace

bool Reader::read_header(Header& header) const {
  const MemoryPiece piece{place_.address, std::as_writable_bytes(std::span(&header, 1))};
  return read_(std::span(&piece, 1));
}

std::string_view Reader::implausible(const Header& header) const {
  if (header.writing > 1 || header.global_depth > kMaxDepth || header.dir_ptr % kWord != 0)
    return "no map header";
  if (header.dir_len == 0) {
    if (header.used > kSlotsPerGroup || header.global_depth != 0)
      return "too many keys for one group";
    return header.dir_ptr == 0 && header.used != 0 ? "keys without a group" : "";
  }
  if (header.dir_ptr == 0 || header.dir_len != std::uint64_t{1} << header.global_depth)
    return "directory length and depth differ";
  if (header.dir_len > limits_.max_array_bytes / kWord) return "more tables than are read";
  return {};
}

// The control word is a group's first. group.go
bool Reader::read_groups(std::uint64_t address, std::uint64_t groups, Words& to) const {
  std::vector<std::byte> bytes(groups * unit_);
  const MemoryPiece piece{address, bytes};
  if (!read_(std::span(&piece, 1))) return false;
  for (std::uint64_t i = 0; i < groups; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * unit_, sizeof(word));
    to.push_back(word);
  }
  return true;
}

// Whether this can be the table that the directory's entries from `at` on name.
bool Reader::fits(const Header& header, const Table& table, std::uint64_t at) {
  if (!std::has_single_bit(table.capacity) || table.capacity < kSlotsPerGroup ||
      table.capacity > kMaxTableSlots)
    return false;
  const auto groups = table.capacity / kSlotsPerGroup;
  if (table.length_mask != groups - 1 || table.groups == 0 || table.groups % kWord != 0)
    return false;
  if (std::uint64_t{table.used} + table.growth_left > max_growth_left(table.capacity)) return false;
  if (table.local_depth > header.global_depth || table.index < 0) return false;
  const auto entries = std::uint64_t{1} << (header.global_depth - table.local_depth);
  return static_cast<std::uint64_t>(table.index) == at && at % entries == 0;
}

std::string_view Reader::read_tables(const Header& header, Pass& pass) const {
  pass.directory.resize(header.dir_len);
  const MemoryPiece directory{header.dir_ptr, std::as_writable_bytes(std::span(pass.directory))};
  if (!read_(std::span(&directory, 1))) return "its directory can't be read";
  Words addresses;  // of tables, and where each begins
  Words begins;
  for (std::uint64_t at = 0; at < header.dir_len; ++at) {
    if (at != 0 && pass.directory[at] == pass.directory[at - 1]) continue;
    addresses.push_back(pass.directory[at]);
    begins.push_back(at);
  }
  pass.tables.resize(addresses.size());
  std::vector<MemoryPiece> pieces;
  pieces.reserve(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i)
    pieces.push_back({addresses[i], std::as_writable_bytes(std::span(&pass.tables[i], 1))});
  if (!read_(pieces)) return "its tables can't be read";
  begins.push_back(header.dir_len);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto& table = pass.tables[i];
    if (!fits(header, table, begins[i]) ||
        begins[i + 1] - begins[i] != std::uint64_t{1} << (header.global_depth - table.local_depth))
      return "its tables do not fit its directory";
  }
  return {};
}

std::string_view Reader::read_pass(const Header& header, Pass& pass) const {
  if (header.dir_len == 0) {
    if (header.dir_ptr == 0) return {};
    return read_groups(header.dir_ptr, 1, pass.controls) ? "" : "its group can't be read";
  }
  if (const auto why = read_tables(header, pass); !why.empty()) return why;
  std::uint64_t groups = 0;
  for (const auto& table : pass.tables) groups += table.capacity / kSlotsPerGroup;
  if (groups > limits_.max_array_bytes / unit_) return {};
  pass.controls.reserve(groups);
  for (const auto& table : pass.tables)
    if (!read_groups(table.groups, table.capacity / kSlotsPerGroup, pass.controls))
      return "its groups can't be read";
  return {};
}

bool Reader::same_frame(const Header& a, const Header& b) {
  return a.seed == b.seed && a.dir_ptr == b.dir_ptr && a.dir_len == b.dir_len &&
         a.global_depth == b.global_depth && a.clear_seq == b.clear_seq;
}

bool Reader::same_shape(const Pass& a, const Pass& b) {
  const auto same = [](const Table& x, const Table& y) {
    return x.capacity == y.capacity && x.local_depth == y.local_depth && x.groups == y.groups;
  };
  return a.directory == b.directory && std::ranges::equal(a.tables, b.tables, same);
}

bool Reader::same_contents(const Pass& a, const Pass& b) {
  return a.directory == b.directory && a.tables == b.tables && a.controls == b.controls;
}

// Whether the header's, each table's and the control words' counts agree.
bool Reader::adds_up(const Header& header, const Pass& pass) {
  std::uint64_t keys = 0;
  std::span<const std::uint64_t> left(pass.controls);
  for (const auto& table : pass.tables) {
    keys += table.used;
    if (left.empty()) continue;
    const auto groups = table.capacity / kSlotsPerGroup;
    const auto use = use_of(left.first(groups));
    if (!use.is_valid || use.keys != table.used || use.tombstones != tombstones_of(table))
      return false;
    left = left.subspan(groups);
  }
  if (header.dir_len == 0) {
    const auto use = use_of(left);
    if (!use.is_valid || use.tombstones != 0) return false;
    keys = use.keys;
  }
  return keys == header.used;
}

SwissState::Contents Reader::contents_of(const Pass& pass) {
  SwissState::Contents contents;
  for (const auto& table : pass.tables) contents.tombstones += tombstones_of(table);
  if (pass.controls.empty()) return contents;
  contents.groups_by_keys.resize(kSlotsPerGroup + 1);
  for (const auto& word : pass.controls)
    ++contents.groups_by_keys[use_of(std::span(&word, 1)).keys];
  return contents;
}

GoMapState Reader::state_of(const Header& header, const Pass& pass) const {
  GoMapState state;
  auto& own = state.swiss;
  state.keys = header.used;
  own.tables = pass.tables.size();
  own.directory = header.dir_len;
  for (const auto& table : pass.tables) {
    own.slots += table.capacity;
    state.bytes += model::table_bytes(table.capacity, place_.shape);
    if (own.local_depths.size() <= table.local_depth)
      own.local_depths.resize(table.local_depth + 1U);
    ++own.local_depths[table.local_depth];
  }
  if (header.dir_len == 0 && header.dir_ptr != 0) {
    own.slots = kSlotsPerGroup;
    state.bytes = small_map_bytes(place_.shape);
  }
  if (own.slots != 0)
    state.load_factor = static_cast<double>(header.used) / static_cast<double>(own.slots);
  return state;
}

Snapshot Reader::attempt() const {
  if (unit_ < kWord || unit_ % kWord != 0) return torn("group size not known");
  Header before{};
  Header middle{};
  Header again{};
  Header after{};
  Pass first;
  Pass second;
  if (!read_header(before) || before.seed != place_.seed) return gone();
  if (before.writing == 1) return torn("it was being written");
  if (const auto why = implausible(before); !why.empty()) return torn(why);
  const auto first_why = read_pass(before, first);
  // Twice at once: used and writing are of one moment when neither changed.
  if (!read_header(middle) || !read_header(again)) return gone();
  const auto second_why = first_why.empty() ? read_pass(before, second) : first_why;
  if (!read_header(after)) return gone();
  if (!same_frame(before, middle) || !same_frame(middle, again) || !same_frame(again, after))
    return torn("it grew or was cleared");
  if ((middle.writing | again.writing) != 0 || middle.used != again.used)
    return torn("it was being written");
  if (!second_why.empty()) return torn(second_why);
  if (!same_shape(first, second)) return torn("a table grew");
  // Memory that is in use for something else by now would not come so close.
  const auto keys = use_of(first.controls);
  const auto off = std::max(keys.keys, middle.used) - std::min(keys.keys, middle.used);
  if (!first.controls.empty() &&
      (!keys.is_valid || off > changed_slots(first.controls, second.controls)))
    return torn("keys and used slots differ");

  Snapshot snapshot{.outcome = SnapshotOutcome::kRead,
                    .reason = {},
                    .retries = 0,
                    .state = state_of(middle, first)};
  if ((before.writing | after.writing) != 0 || before.used != middle.used ||
      after.used != middle.used || !same_contents(first, second) || !adds_up(middle, second))
    return snapshot;
  Pass third;
  Header last{};
  if (!read_pass(before, third).empty() || !read_header(last)) return snapshot;
  if (!same_frame(after, last) || last.writing != 0 || last.used != middle.used ||
      !same_contents(second, third))
    return snapshot;
  snapshot.state.swiss.contents = contents_of(third);
  return snapshot;
}

}  // namespace swiss

Snapshot read_swiss(const GoMapPlace& place, const ReadPieces& read, const SnapshotLimits& limits) {
  return swiss::Reader(place, read, limits).attempt();
}

}  // namespace gomapd::model
