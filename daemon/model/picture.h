// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/model/snapshot.h"

// How full the parts of a map are: a snapshot's detail for people's eyes.
namespace gomapd::model {

// Parts of a bucket array, each as large as the others.
inline constexpr std::size_t kPictureCells = 256;

struct ArrayPicture {
  struct Cell {
    double filled = 0;    // share of the buckets' own slots that hold a key
    double moved = 0;     // share of buckets that have moved to the new array
    double overflow = 0;  // overflow buckets, by bucket
  };
  std::uint64_t buckets = 0;
  std::vector<Cell> cells;  // min(buckets, kPictureCells), in the array's order
};

struct TablePicture {
  std::uint64_t capacity = 0;
  std::uint64_t used = 0;
  std::uint64_t tombstones = 0;
  unsigned local_depth = 0;
};

struct GoMapPicture {
  // Written while it was read: its parts are of moments a few milliseconds apart.
  bool is_blurred = false;
  ArrayPicture current;              // classic; of a map without an array, none
  std::optional<ArrayPicture> old;   // while a growth is under way
  std::vector<TablePicture> tables;  // Swiss, in the directory's order
};

struct PictureAttempt {
  SnapshotOutcome outcome = SnapshotOutcome::kTorn;
  GoMapState state;  // of kRead; its counts are as blurred as the picture
  GoMapPicture picture;
};
// Reads a map as take_snapshot() does, but once, and content with less: that its
// arrays or tables stayed the same while they were read. So it has something to show
// of a map that is written all the time. kTorn: they did not; try again.
[[nodiscard]] PictureAttempt take_picture(const GoMapPlace& place, const ReadPieces& read,
                                          const SnapshotLimits& limits);

// The tophash words of an array's buckets, or of evenly spaced ones of it, in their
// order, and how many overflow buckets each has (empty: not looked at).
[[nodiscard]] ArrayPicture picture_of(std::uint64_t buckets, std::span<const std::uint64_t> tops,
                                      std::span<const std::uint64_t> overflow);

// How many overflow buckets hang on each of the first `buckets`: `links` has theirs,
// then those of the overflow buckets that these name, level by level, in order.
[[nodiscard]] std::vector<std::uint64_t> overflow_by_bucket(std::span<const std::uint64_t> links,
                                                            std::size_t buckets);

}  // namespace gomapd::model
