// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/model/classic.h"
#include "daemon/model/picture.h"
#include "daemon/model/snapshot.h"

// How a classic map is read from memory: what snapshots and pictures share.
namespace gomapd::model::classic {

// go1.15 to go1.25 runtime/map.go (later map_noswiss.go): type hmap, as far as
// all of them have it.
struct Header {
  std::uint64_t count;
  std::uint8_t flags;
  std::uint8_t b;
  std::uint16_t noverflow;
  std::uint32_t hash0;
  std::uint64_t buckets;
  std::uint64_t oldbuckets;
  std::uint64_t nevacuate;
  friend bool operator==(const Header&, const Header&) = default;
};
static_assert(sizeof(Header) == 40);

inline constexpr std::uint8_t kHashWriting = 4;
inline constexpr std::uint8_t kSameSizeGrow = 8;
inline constexpr std::uint64_t kWord = 8;
// Runs of buckets that are read of a large array.
inline constexpr std::uint64_t kSampledRuns = 256;
// tophash: 0 emptyRest, 1 emptyOne, 2 to 4 evacuated, from 5 on a key.
inline constexpr std::uint8_t kFirstEvacuated = 2;
inline constexpr std::uint8_t kMinTopHash = 5;

using Words = std::vector<std::uint64_t>;

// Whether the bucket with these tophashes has moved to the new array.
[[nodiscard]] constexpr bool is_moved(std::uint64_t tops) {
  const auto first = static_cast<std::uint8_t>(tops);
  return first >= kFirstEvacuated && first < kMinTopHash;
}

[[nodiscard]] constexpr std::uint64_t used_slots(std::uint64_t tops) {
  std::uint64_t used = 0;
  for (unsigned slot = 0; slot < kSlotsPerBucket; ++slot)
    used += static_cast<std::uint8_t>(tops >> (8 * slot)) >= kMinTopHash ? 1 : 0;
  return used;
}

// Buckets of one array, and all that hang on them: words in the order of reading,
// the array's own first, then link by link.
struct Chains {
  Words tops;
  Words links;
  std::vector<std::uint64_t> reach;  // [n]: buckets with at least n overflow buckets
};

class Reader {
 public:
  Reader(const GoMapPlace& place, const ReadPieces& read, const SnapshotLimits& limits)
      : place_(place), read_(read), limits_(limits), unit_(place.shape.unit_bytes) {}

  [[nodiscard]] Snapshot attempt() const;
  [[nodiscard]] PictureAttempt picture() const;

 private:
  // Parts of an array that are read: `count` times `length` buckets side by side,
  // each `stride` buckets after the one before.
  struct Runs {
    std::uint64_t count = 1;
    std::uint64_t length = 0;
    std::uint64_t stride = 0;
  };
  struct Pass {
    Chains current;
    Words old_tops;
    Chains unmoved;  // old buckets that have not moved
  };

  [[nodiscard]] bool read_header(Header& header) const;
  [[nodiscard]] std::string_view implausible(const Header& header) const;
  [[nodiscard]] Runs runs_of(const Header& header, std::uint64_t buckets) const;
  [[nodiscard]] bool read_array(std::uint64_t address, const Runs& runs, Chains& chains) const;
  [[nodiscard]] bool follow_links(Chains& chains, std::uint64_t cap) const;
  [[nodiscard]] bool read_pass(const Header& header, Pass& pass) const;
  [[nodiscard]] bool read_old(const Header& header, Pass& pass) const;
  [[nodiscard]] static bool same_frame(const Header& a, const Header& b);
  [[nodiscard]] static bool same_links(const Pass& a, const Pass& b);
  [[nodiscard]] std::string_view contradiction(const Header& header, const Pass& a,
                                               const Pass& b) const;
  [[nodiscard]] GoMapState state_of(const Header& header, const Pass& pass) const;

  [[nodiscard]] static std::uint64_t buckets_of(const Header& header) {
    return std::uint64_t{1} << header.b;
  }
  [[nodiscard]] static std::uint64_t old_buckets_of(const Header& header) {
    if (header.oldbuckets == 0) return 0;
    return (header.flags & kSameSizeGrow) != 0 ? buckets_of(header) : buckets_of(header) / 2;
  }
  [[nodiscard]] bool is_sampled(const Header& header) const {
    return buckets_of(header) > limits_.max_array_bytes / unit_;
  }

  const GoMapPlace& place_;
  const ReadPieces& read_;
  const SnapshotLimits& limits_;
  std::uint64_t unit_;
};

}  // namespace gomapd::model::classic
