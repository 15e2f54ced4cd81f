// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/classic_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include "daemon/model/growth.h"

namespace gomapd::model {
namespace classic {
namespace {

constexpr std::uint8_t kAllFlags = 15;
constexpr std::uint64_t kChunkBytes = 256U << 10U;
constexpr std::size_t kChainHistogram = 9;

Snapshot torn(std::string_view reason) {
  return {.outcome = SnapshotOutcome::kTorn, .reason = reason, .retries = 0, .state = {}};
}
Snapshot gone() {
  return {.outcome = SnapshotOutcome::kGone, .reason = {}, .retries = 0, .state = {}};
}

std::uint64_t load(std::span<const std::byte> bytes, std::uint64_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof(word));
  return word;
}

}  // namespace

bool Reader::read_header(Header& header) const {
  const MemoryPiece piece{place_.address, std::as_writable_bytes(std::span(&header, 1))};
  return read_(std::span(&piece, 1));
}

std::string_view Reader::implausible(const Header& header) const {
  if ((header.flags & ~kAllFlags) != 0 || header.b > kLargestB) return "no map header";
  if (buckets_of(header) > (std::uint64_t{1} << 47U) / unit_) return "more buckets than memory";
  if (header.buckets % kWord != 0 || header.oldbuckets % kWord != 0) return "no map header";
  if (header.buckets == 0 && (header.count != 0 || header.b != 0)) return "keys without buckets";
  if (header.oldbuckets == 0 && (header.flags & kSameSizeGrow) != 0) return "no map header";
  if (header.oldbuckets != 0 && header.nevacuate > old_buckets_of(header))
    return "more buckets moved than there are";
  return {};
}

// All of it, or of a large array some runs, evenly spaced.
Reader::Runs Reader::runs_of(const Header& header, std::uint64_t buckets) const {
  if (!is_sampled(header)) return {.count = 1, .length = buckets, .stride = buckets};
  const auto count = std::min(kSampledRuns, buckets);
  const auto most = std::min(limits_.max_array_bytes / unit_, buckets);
  return {.count = count,
          .length = std::max<std::uint64_t>(1, most / count),
          .stride = buckets / count};
}

bool Reader::read_array(std::uint64_t address, const Runs& runs, Chains& chains) const {
  const auto chunk = std::min(std::max<std::uint64_t>(1, kChunkBytes / unit_), runs.length);
  const auto together = std::max<std::uint64_t>(1, kChunkBytes / (chunk * unit_));
  std::vector<std::byte> bytes(together * chunk * unit_);
  std::vector<MemoryPiece> pieces;
  std::uint64_t buckets = 0;  // in these pieces
  const auto take = [&] {
    if (!read_(pieces)) return false;
    for (std::uint64_t i = 0; i < buckets; ++i) {
      chains.tops.push_back(load(bytes, i * unit_));
      // bmap.overflow: the last word of a bucket.
      chains.links.push_back(load(bytes, (i + 1) * unit_ - kWord));
    }
    pieces.clear();
    buckets = 0;
    return true;
  };
  chains.tops.reserve(runs.count * runs.length);
  chains.links.reserve(runs.count * runs.length);
  for (std::uint64_t run = 0; run < runs.count; ++run) {
    for (std::uint64_t first = 0; first < runs.length; first += chunk) {
      const auto count = std::min(chunk, runs.length - first);
      pieces.push_back({address + (run * runs.stride + first) * unit_,
                        std::span(bytes).subspan(buckets * unit_, count * unit_)});
      buckets += count;
      if (pieces.size() == together && !take()) return false;
    }
  }
  return pieces.empty() || take();
}

// Follows all links one step, then all of these, …; no more than `cap` buckets:
// a cycle ends there, too.
bool Reader::follow_links(Chains& chains, std::uint64_t cap) const {
  std::size_t begin = 0;
  chains.reach = {chains.links.size()};
  while (true) {
    Words next;
    for (auto i = begin; i < chains.links.size(); ++i)
      if (chains.links[i] != 0) next.push_back(chains.links[i]);
    if (next.empty()) return true;
    if (next.size() > cap) return false;
    cap -= next.size();
    if (std::ranges::any_of(next, [](auto link) { return link % kWord != 0; })) return false;
    chains.reach.push_back(next.size());
    begin = chains.links.size();
    chains.tops.resize(begin + next.size());
    chains.links.resize(begin + next.size());
    std::vector<MemoryPiece> pieces;
    pieces.reserve(2 * next.size());
    for (std::size_t i = 0; i < next.size(); ++i) {
      pieces.push_back({next[i], std::as_writable_bytes(std::span(&chains.tops[begin + i], 1))});
      pieces.push_back({next[i] + unit_ - kWord,
                        std::as_writable_bytes(std::span(&chains.links[begin + i], 1))});
    }
    if (!read_(pieces)) return false;
  }
}

// Buckets that have not moved keep their keys in the old array.
bool Reader::read_old(const Header& header, Pass& pass) const {
  const auto old = old_buckets_of(header);
  if (old == 0 || is_sampled(header)) return true;
  Chains all;
  if (!read_array(header.oldbuckets, runs_of(header, old), all)) return false;
  for (std::size_t i = 0; i < all.tops.size(); ++i) {
    if (is_moved(all.tops[i])) continue;
    pass.unmoved.tops.push_back(all.tops[i]);
    pass.unmoved.links.push_back(all.links[i]);
  }
  pass.old_tops = std::move(all.tops);
  return follow_links(pass.unmoved, 2 * old + 64);
}

bool Reader::read_pass(const Header& header, Pass& pass) const {
  if (header.buckets == 0) return true;
  const auto runs = runs_of(header, buckets_of(header));
  if (!read_array(header.buckets, runs, pass.current)) return false;
  // An overflow bucket for each bucket starts a growth to the same size; while one
  // is under way some more can come.
  return follow_links(pass.current, 2 * runs.count * runs.length + 64) && read_old(header, pass);
}

// What must not change, so that links only come and buckets only move.
bool Reader::same_frame(const Header& a, const Header& b) {
  return a.b == b.b && a.hash0 == b.hash0 && a.buckets == b.buckets &&
         a.oldbuckets == b.oldbuckets && a.nevacuate == b.nevacuate && a.noverflow == b.noverflow &&
         ((a.flags ^ b.flags) & kSameSizeGrow) == 0;
}

bool Reader::same_links(const Pass& a, const Pass& b) {
  return a.current.links == b.current.links &&
         std::ranges::equal(a.old_tops, b.old_tops, {}, is_moved, is_moved) &&
         a.unmoved.links == b.unmoved.links;
}

// Whether these can't be the buckets of this map: memory that is in use for
// something else by now. Keys that came and went while the passes went on are
// allowed for: each shows in a slot that changed.
std::string_view Reader::contradiction(const Header& header, const Pass& a, const Pass& b) const {
  if (is_sampled(header)) return {};
  std::uint64_t used = 0;
  std::uint64_t changed = 0;
  const auto count = [&](const Words& first, const Words& second) {
    for (std::size_t i = 0; i < first.size(); ++i) {
      used += used_slots(first[i]);
      for (unsigned slot = 0; slot < kSlotsPerBucket; ++slot)
        changed += ((first[i] ^ second[i]) >> (8 * slot) & 0xffU) != 0 ? 1 : 0;
    }
  };
  count(a.current.tops, b.current.tops);
  if (std::ranges::any_of(a.current.tops, is_moved)) return "moved buckets in the new array";
  count(a.unmoved.tops, b.unmoved.tops);
  const auto moved = static_cast<std::uint64_t>(std::ranges::count_if(a.old_tops, is_moved));
  if (moved < header.nevacuate && !a.old_tops.empty()) return "buckets before the mark not moved";
  const auto off = std::max(used, header.count) - std::min(used, header.count);
  if (off > changed) return "keys and used slots differ";
  // incrnoverflow
  const auto overflow = header.buckets == 0 ? 0 : a.current.tops.size() - buckets_of(header);
  if (header.b <= kLargestExactOverflowB && overflow != header.noverflow)
    return "overflow buckets and their count differ";
  return {};
}

namespace {

// Chains that are one longer than others, …, from how many reach each length.
std::vector<std::uint64_t> chain_histogram(const std::vector<std::uint64_t>& reach) {
  std::vector<std::uint64_t> histogram;
  for (std::size_t n = 0; n < std::min(reach.size(), kChainHistogram); ++n) {
    const bool is_last = n + 1 == kChainHistogram || n + 1 == reach.size();
    histogram.push_back(is_last ? reach[n] : reach[n] - reach[n + 1]);
  }
  return histogram;
}

// Overflow buckets of all runs, as an estimate of the whole array's.
void estimate(ClassicState& state, const Chains& runs, std::uint64_t count_of_runs,
              std::uint64_t length, std::uint64_t buckets) {
  double sum = 0;
  double squares = 0;
  const auto by_bucket = overflow_by_bucket(runs.links, runs.reach.front());
  for (std::uint64_t run = 0; run < count_of_runs; ++run) {
    const auto own = std::span(by_bucket).subspan(run * length, length);
    const auto overflow =
        static_cast<double>(std::accumulate(own.begin(), own.end(), std::uint64_t{0}));
    sum += overflow;
    squares += overflow * overflow;
  }
  const auto count = static_cast<double>(count_of_runs);
  const auto mean = sum / count;
  const auto variance = count > 1 ? (squares - count * mean * mean) / (count - 1) : 0.0;
  const auto scale = static_cast<double>(buckets) / static_cast<double>(length);
  state.is_estimate = true;
  state.overflow_buckets = static_cast<std::uint64_t>(std::llround(mean * scale));
  state.overflow_error = std::sqrt(std::max(0.0, variance) / count) * scale;
}

}  // namespace

GoMapState Reader::state_of(const Header& header, const Pass& pass) const {
  GoMapState state;
  auto& own = state.classic;
  state.keys = header.count;
  own.b = header.b;
  own.old_buckets = old_buckets_of(header);
  own.is_same_size = (header.flags & kSameSizeGrow) != 0;
  const auto buckets = buckets_of(header);
  state.load_factor = static_cast<double>(header.count) / static_cast<double>(buckets);
  if (header.buckets == 0) return state;
  if (is_sampled(header)) {
    const auto runs = runs_of(header, buckets);
    estimate(own, pass.current, runs.count, runs.length, buckets);
    own.evacuated_buckets = own.old_buckets == 0 ? 0 : header.nevacuate;
  } else {
    const auto& chains = pass.current;
    own.overflow_buckets = chains.tops.size() - buckets;
    own.overflow_chains = chain_histogram(chains.reach);
    own.evacuated_buckets =
        static_cast<std::uint64_t>(std::ranges::count_if(pass.old_tops, is_moved));
  }
  const auto array = bucket_array(header.b, place_.shape);
  const auto single = own.overflow_buckets - std::min(own.overflow_buckets, array.overflow_ahead);
  state.bytes =
      array.bytes + single * allocated_bytes(unit_, place_.shape.scan, place_.shape.version);
  if (own.old_buckets != 0)
    state.bytes +=
        bucket_array_bytes(static_cast<unsigned>(std::countr_zero(own.old_buckets)), place_.shape);
  return state;
}

Snapshot Reader::attempt() const {
  if (unit_ < 2 * kWord || unit_ % kWord != 0) return torn("bucket size not known");
  Header before{};
  Header middle{};
  Header again{};
  Header after{};
  Pass first;
  Pass second;
  if (!read_header(before) || before.hash0 != static_cast<std::uint32_t>(place_.seed))
    return gone();
  // An operation may leave flags and pointers half changed for a moment.
  if ((before.flags & kHashWriting) != 0) return torn("it was being written");
  if (const auto why = implausible(before); !why.empty()) return torn(why);
  const bool first_read = read_pass(before, first);
  // Twice at once: count and flags are of one moment when neither changed.
  if (!read_header(middle) || !read_header(again)) return gone();
  const bool second_read = first_read && read_pass(before, second);
  if (!read_header(after)) return gone();
  if (!same_frame(before, middle) || !same_frame(middle, again) || !same_frame(again, after))
    return torn("it grew or was cleared");
  if (((middle.flags | again.flags) & kHashWriting) != 0 || middle.count != again.count)
    return torn("it was being written");
  if (!first_read || !second_read) return torn("its buckets can't be followed");
  if (!same_links(first, second)) return torn("buckets were added or moved");
  if (const auto why = contradiction(middle, first, second); !why.empty()) return torn(why);
  return {.outcome = SnapshotOutcome::kRead,
          .reason = {},
          .retries = 0,
          .state = state_of(middle, first)};
}

}  // namespace classic

Snapshot read_classic(const GoMapPlace& place, const ReadPieces& read,
                      const SnapshotLimits& limits) {
  return classic::Reader(place, read, limits).attempt();
}

}  // namespace gomapd::model
