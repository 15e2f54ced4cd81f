// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/picture.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "daemon/model/classic_reader.h"
#include "daemon/model/swiss_reader.h"

namespace gomapd::model {
namespace {

using Words = std::span<const std::uint64_t>;

ArrayPicture::Cell cell_of(Words tops, Words overflow) {
  std::uint64_t used = 0;
  std::uint64_t moved = 0;
  for (const auto word : tops) {
    used += classic::used_slots(word);
    moved += classic::is_moved(word) ? 1 : 0;
  }
  const auto linked = std::accumulate(overflow.begin(), overflow.end(), std::uint64_t{0});
  const auto share = [&](std::uint64_t part, std::uint64_t of_each) {
    return tops.empty() ? 0
                        : static_cast<double>(part) / static_cast<double>(tops.size() * of_each);
  };
  return {.filled = share(used, classic::kSlotsPerBucket),
          .moved = share(moved, 1),
          .overflow = share(linked, 1)};
}

}  // namespace

PictureAttempt take_picture(const GoMapPlace& place, const ReadPieces& read,
                            const SnapshotLimits& limits) {
  return place.design == go::Design::kSwiss ? swiss::Reader(place, read, limits).picture()
                                            : classic::Reader(place, read, limits).picture();
}

ArrayPicture picture_of(std::uint64_t buckets, Words tops, Words overflow) {
  ArrayPicture picture{.buckets = buckets, .cells = {}};
  const auto cells = std::min(tops.size(), kPictureCells);
  for (std::size_t i = 0; i < cells; ++i) {
    const auto first = tops.size() * i / cells;
    const auto count = tops.size() * (i + 1) / cells - first;
    picture.cells.push_back(cell_of(tops.subspan(first, count),
                                    overflow.empty() ? overflow : overflow.subspan(first, count)));
  }
  return picture;
}

std::vector<std::uint64_t> overflow_by_bucket(std::span<const std::uint64_t> links,
                                              std::size_t buckets) {
  std::vector<std::uint64_t> counts(buckets);
  std::vector<std::size_t> owners(buckets);
  for (std::size_t i = 0; i < buckets; ++i) owners[i] = i;
  // Each link that is not 0 names the next bucket of the list.
  for (std::size_t i = 0; i < std::min(links.size(), owners.size()); ++i) {
    if (links[i] == 0) continue;
    const auto owner = owners[i];
    ++counts[owner];
    owners.push_back(owner);
  }
  return counts;
}

namespace classic {

PictureAttempt Reader::picture() const {
  Header before{};
  Header after{};
  Pass pass;
  if (unit_ < 2 * kWord || unit_ % kWord != 0) return {};
  if (!read_header(before) || before.hash0 != static_cast<std::uint32_t>(place_.seed))
    return {.outcome = SnapshotOutcome::kGone, .state = {}, .picture = {}};
  if (!implausible(before).empty() || !read_pass(before, pass)) return {};
  const auto old = old_buckets_of(before);
  if (old != 0 && is_sampled(before)) {
    Chains runs;
    if (!read_array(before.oldbuckets, runs_of(before, old), runs)) return {};
    pass.old_tops = std::move(runs.tops);
  }
  if (!read_header(after) || before.b != after.b || before.hash0 != after.hash0 ||
      before.buckets != after.buckets || before.oldbuckets != after.oldbuckets)
    return {};

  PictureAttempt taken{
      .outcome = SnapshotOutcome::kRead, .state = state_of(before, pass), .picture = {}};
  taken.picture.is_blurred = !(before == after) || (before.flags & kHashWriting) != 0;
  const auto& current = pass.current;
  if (before.buckets != 0) {
    const auto read = current.reach.front();
    taken.picture.current = picture_of(buckets_of(before), std::span(current.tops).first(read),
                                       overflow_by_bucket(current.links, read));
  }
  if (old != 0) taken.picture.old = picture_of(old, pass.old_tops, {});
  return taken;
}

}  // namespace classic

namespace swiss {

PictureAttempt Reader::picture() const {
  Header before{};
  Header after{};
  Pass pass;
  if (unit_ < kWord || unit_ % kWord != 0) return {};
  if (!read_header(before) || before.seed != place_.seed)
    return {.outcome = SnapshotOutcome::kGone, .state = {}, .picture = {}};
  if (!implausible(before).empty() || !read_pass(before, pass).empty() || !read_header(after) ||
      !same_frame(before, after))
    return {};
  PictureAttempt taken{
      .outcome = SnapshotOutcome::kRead, .state = state_of(before, pass), .picture = {}};
  taken.picture.is_blurred = before.used != after.used || (before.writing | after.writing) != 0;
  for (const auto& table : pass.tables)
    taken.picture.tables.push_back({.capacity = table.capacity,
                                    .used = table.used,
                                    .tombstones = tombstones_of(table),
                                    .local_depth = table.local_depth});
  return taken;
}

}  // namespace swiss
}  // namespace gomapd::model
