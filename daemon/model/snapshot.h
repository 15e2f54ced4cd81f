// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/model/slot_shape.h"
#include "probes/base/memory.h"

// The state of one map of a running program, from memory that changes while it
// is read.
//
// What is read is little: headers, and of each bucket or group the word that says
// which slots are used, and a bucket's link to its overflow bucket; no key and no
// element. The header is read, then all the rest, several times by turns.
//
// Classic maps. Between two readings of a header with the same seed, arrays and
// noverflow, links only come and old buckets only move. So when both passes
// found the same links and moved buckets, these held at every moment between the
// passes, and so at the one at which the header in the middle was read, with no
// write under way (hashWriting): header and links are the state of one moment.
// It does not matter what else was written meanwhile. (Go 1.15 keeps the seed when
// it clears a map: there a clear and new writes would have to restore every link.)
//
// Swiss maps. Tables of a directory never change their capacity or depth, they
// are replaced: what all passes found held between them. Tombstones and the use
// of groups can come back to what they were, so they are reported when every word
// was the same in three passes, no header showed a write, and the counts of the
// map, of each table and of the control words agree. That is no proof: a writer
// who puts back every word between the passes, keeping all counts, could have been
// in other states only. In a map that never holds still for so long they are left
// out.
namespace gomapd::model {

// Where a map was seen, and what of.
struct GoMapPlace {
  std::uint64_t address = 0;  // of the hmap or Map
  std::uint64_t seed = 0;     // h.hash0 or m.seed
  go::Design design = go::Design::kClassic;
  SlotShape shape;  // of its buckets or groups
};

struct ClassicState {
  unsigned b = 0;
  std::uint64_t overflow_buckets = 0;  // linked to the buckets of the current array
  // Of large arrays only some buckets are read: the standard error; 0 exact.
  double overflow_error = 0;
  bool is_estimate = false;
  // [n]: buckets that have n overflow buckets, the last one: as many or more.
  // Empty for an estimate.
  std::vector<std::uint64_t> overflow_chains;
  // A growth under way: how many buckets move, and how many have. The latter is a
  // lower bound (nevacuate) for an estimate.
  std::uint64_t old_buckets = 0;  // 0: none
  std::uint64_t evacuated_buckets = 0;
  bool is_same_size = false;
};

struct SwissState {
  std::uint64_t tables = 0;  // 0: a small map, or none of its slots allocated
  std::uint64_t slots = 0;
  std::uint64_t directory = 0;              // its length
  std::vector<std::uint64_t> local_depths;  // [d]: tables of that depth
  // What the slots hold, where the map held still for it.
  struct Contents {
    std::uint64_t tombstones = 0;
    // [n]: groups with n keys, 0 to 8. Empty where the groups were too much to read.
    std::vector<std::uint64_t> groups_by_keys;
  };
  std::optional<Contents> contents;
};

struct GoMapState {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;  // by the model: arrays or tables, and overflow; 0 unknown
  double load_factor = 0;   // keys per bucket, or per slot
  ClassicState classic;     // by the design, one of them
  SwissState swiss;
};

struct SnapshotLimits {
  // Of a larger array some buckets are read (classic), or the groups are left out
  // (Swiss): tables' headers count tombstones, too.
  std::uint64_t max_array_bytes = 64U << 20U;
  unsigned max_retries = 200;
};

enum class SnapshotOutcome : std::uint8_t {
  kRead,
  kGone,  // its memory can't be read, or has another seed: another map or none
  kTorn,  // never held still, or does not add up: `reason`
};

struct Snapshot {
  SnapshotOutcome outcome = SnapshotOutcome::kTorn;
  std::string_view reason;  // a literal; of kTorn
  unsigned retries = 0;
  GoMapState state;  // of kRead
};

// Reads the map at `place`, again while it changes, at most so often; `pause` is
// called between (it is told how many retries there were). Time and memory are
// bounded by the limits, whatever the memory holds.
[[nodiscard]] Snapshot take_snapshot(const GoMapPlace& place, const ReadPieces& read,
                                     const SnapshotLimits& limits,
                                     const std::function<void(unsigned)>& pause);

// One attempt; kTorn when the map changed. For `contents` see SwissState.
[[nodiscard]] Snapshot read_classic(const GoMapPlace& place, const ReadPieces& read,
                                    const SnapshotLimits& limits);
[[nodiscard]] Snapshot read_swiss(const GoMapPlace& place, const ReadPieces& read,
                                  const SnapshotLimits& limits);

}  // namespace gomapd::model
