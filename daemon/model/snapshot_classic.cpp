// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "daemon/model/classic.h"
#include "daemon/model/growth.h"
#include "daemon/model/snapshot.h"

namespace gomapd::model {
namespace {

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
};
static_assert(sizeof(Header) == 40);

constexpr std::uint8_t kHashWriting = 4;
constexpr std::uint8_t kSameSizeGrow = 8;
constexpr std::uint8_t kAllFlags = 15;
// tophash: 0 emptyRest, 1 emptyOne, 2 to 4 evacuated, from 5 on a key.
constexpr std::uint8_t kFirstEvacuated = 2;
constexpr std::uint8_t kMinTopHash = 5;

constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kChunkBytes = 256U << 10U;
// Runs of buckets that are read of a large array.
constexpr std::uint64_t kSampledRuns = 256;
constexpr std::size_t kChainHistogram = 9;

using Words = std::vector<std::uint64_t>;

// Buckets of one array that lie side by side, and all that hang on them: words
// in the order of reading, the array's own first, then link by link.
struct Chains {
  Words tops;
  Words links;
  std::vector<std::uint64_t> reach;  // [n]: buckets with at least n overflow buckets
};

Snapshot torn(std::string_view reason) {
  return {.outcome = SnapshotOutcome::kTorn, .reason = reason, .retries = 0, .state = {}};
}
Snapshot gone() {
  return {.outcome = SnapshotOutcome::kGone, .reason = {}, .retries = 0, .state = {}};
}

bool is_moved(std::uint64_t tops) {
  const auto first = static_cast<std::uint8_t>(tops);
  return first >= kFirstEvacuated && first < kMinTopHash;
}

std::uint64_t used_slots(std::uint64_t tops) {
  std::uint64_t used = 0;
  for (unsigned slot = 0; slot < classic::kSlotsPerBucket; ++slot)
    used += static_cast<std::uint8_t>(tops >> (8 * slot)) >= kMinTopHash ? 1 : 0;
  return used;
}

std::uint64_t load(std::span<const std::byte> bytes, std::uint64_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof(word));
  return word;
}

class ClassicReader {
 public:
  ClassicReader(const GoMapPlace& place, const ReadPieces& read, const SnapshotLimits& limits)
      : place_(place), read_(read), limits_(limits), unit_(place.shape.unit_bytes) {}

  Snapshot attempt();

 private:
  struct Pass {
    std::vector<Chains> current;  // by run
    Words old_tops;
    Chains unmoved;  // old buckets that have not moved
  };

  [[nodiscard]] bool read_header(Header& header) const;
  [[nodiscard]] std::string_view implausible(const Header& header) const;
  [[nodiscard]] bool read_array(std::uint64_t address, std::uint64_t buckets, Chains& chains) const;
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

bool ClassicReader::read_header(Header& header) const {
  const MemoryPiece piece{place_.address, std::as_writable_bytes(std::span(&header, 1))};
  return read_(std::span(&piece, 1));
}

std::string_view ClassicReader::implausible(const Header& header) const {
  if ((header.flags & ~kAllFlags) != 0 || header.b > classic::kLargestB) return "no map header";
  if (buckets_of(header) > (std::uint64_t{1} << 47U) / unit_) return "more buckets than memory";
  if (header.buckets % kWord != 0 || header.oldbuckets % kWord != 0) return "no map header";
  if (header.buckets == 0 && (header.count != 0 || header.b != 0)) return "keys without buckets";
  if (header.oldbuckets == 0 && (header.flags & kSameSizeGrow) != 0) return "no map header";
  if (header.oldbuckets != 0 && header.nevacuate > old_buckets_of(header))
    return "more buckets moved than there are";
  return {};
}

bool ClassicReader::read_array(std::uint64_t address, std::uint64_t buckets, Chains& chains) const {
  const auto chunk = std::max<std::uint64_t>(1, kChunkBytes / unit_);
  std::vector<std::byte> bytes(std::min(chunk, buckets) * unit_);
  chains.tops.reserve(buckets);
  chains.links.reserve(buckets);
  for (std::uint64_t first = 0; first < buckets; first += chunk) {
    const auto count = std::min(chunk, buckets - first);
    const MemoryPiece piece{address + first * unit_, std::span(bytes).first(count * unit_)};
    if (!read_(std::span(&piece, 1))) return false;
    for (std::uint64_t i = 0; i < count; ++i) {
      chains.tops.push_back(load(bytes, i * unit_));
      // bmap.overflow: the last word of a bucket.
      chains.links.push_back(load(bytes, (i + 1) * unit_ - kWord));
    }
  }
  return true;
}

// Follows all links one step, then all of these, …; no more than `cap` buckets:
// a cycle ends there, too.
bool ClassicReader::follow_links(Chains& chains, std::uint64_t cap) const {
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
bool ClassicReader::read_old(const Header& header, Pass& pass) const {
  const auto old = old_buckets_of(header);
  if (old == 0 || is_sampled(header)) return true;
  Chains all;
  if (!read_array(header.oldbuckets, old, all)) return false;
  for (std::size_t i = 0; i < all.tops.size(); ++i) {
    if (is_moved(all.tops[i])) continue;
    pass.unmoved.tops.push_back(all.tops[i]);
    pass.unmoved.links.push_back(all.links[i]);
  }
  pass.old_tops = std::move(all.tops);
  return follow_links(pass.unmoved, 2 * old + 64);
}

bool ClassicReader::read_pass(const Header& header, Pass& pass) const {
  if (header.buckets == 0) return true;
  const auto buckets = buckets_of(header);
  const bool sampled = is_sampled(header);
  const auto runs = sampled ? std::min(kSampledRuns, buckets) : 1;
  const auto length =
      sampled ? std::max<std::uint64_t>(1, limits_.max_array_bytes / unit_ / runs) : buckets;
  pass.current.resize(runs);
  for (std::uint64_t run = 0; run < runs; ++run) {
    const auto first = buckets / runs * run;
    auto& chains = pass.current[run];
    if (!read_array(header.buckets + first * unit_, length, chains)) return false;
    // An overflow bucket for each bucket starts a growth to the same size; while
    // one is under way some more can come.
    if (!follow_links(chains, 2 * length + 64)) return false;
  }
  return read_old(header, pass);
}

// What must not change, so that links only come and buckets only move.
bool ClassicReader::same_frame(const Header& a, const Header& b) {
  return a.b == b.b && a.hash0 == b.hash0 && a.buckets == b.buckets &&
         a.oldbuckets == b.oldbuckets && a.nevacuate == b.nevacuate && a.noverflow == b.noverflow &&
         ((a.flags ^ b.flags) & kSameSizeGrow) == 0;
}

bool ClassicReader::same_links(const Pass& a, const Pass& b) {
  const auto same = [](const Chains& x, const Chains& y) { return x.links == y.links; };
  if (!std::ranges::equal(a.current, b.current, same)) return false;
  return std::ranges::equal(a.old_tops, b.old_tops, {}, is_moved, is_moved) &&
         a.unmoved.links == b.unmoved.links;
}

// Whether these can't be the buckets of this map: memory that is in use for
// something else by now. Keys that came and went while the passes went on are
// allowed for: each shows in a slot that changed.
std::string_view ClassicReader::contradiction(const Header& header, const Pass& a,
                                              const Pass& b) const {
  if (is_sampled(header)) return {};
  std::uint64_t used = 0;
  std::uint64_t changed = 0;
  std::uint64_t linked = 0;
  const auto count = [&](const Words& first, const Words& second) {
    for (std::size_t i = 0; i < first.size(); ++i) {
      used += used_slots(first[i]);
      for (unsigned slot = 0; slot < classic::kSlotsPerBucket; ++slot)
        changed += ((first[i] ^ second[i]) >> (8 * slot) & 0xffU) != 0 ? 1 : 0;
    }
  };
  for (std::size_t run = 0; run < a.current.size(); ++run) {
    const auto& chains = a.current[run];
    count(chains.tops, b.current[run].tops);
    linked += chains.tops.size();
    if (std::ranges::any_of(chains.tops, is_moved)) return "moved buckets in the new array";
  }
  count(a.unmoved.tops, b.unmoved.tops);
  const auto moved = static_cast<std::uint64_t>(std::ranges::count_if(a.old_tops, is_moved));
  if (moved < header.nevacuate && !a.old_tops.empty()) return "buckets before the mark not moved";
  const auto off = std::max(used, header.count) - std::min(used, header.count);
  if (off > changed) return "keys and used slots differ";
  // incrnoverflow
  const auto overflow = header.buckets == 0 ? 0 : linked - buckets_of(header);
  if (header.b <= classic::kLargestExactOverflowB && overflow != header.noverflow)
    return "overflow buckets and their count differ";
  return {};
}

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
void estimate(ClassicState& state, const std::vector<Chains>& runs, std::uint64_t buckets) {
  double sum = 0;
  double squares = 0;
  for (const auto& run : runs) {
    const auto overflow = static_cast<double>(run.tops.size() - run.reach.front());
    sum += overflow;
    squares += overflow * overflow;
  }
  const auto count = static_cast<double>(runs.size());
  const auto mean = sum / count;
  const auto variance = count > 1 ? (squares - count * mean * mean) / (count - 1) : 0.0;
  const auto scale = static_cast<double>(buckets) / static_cast<double>(runs.front().reach.front());
  state.is_estimate = true;
  state.overflow_buckets = static_cast<std::uint64_t>(std::llround(mean * scale));
  state.overflow_error = std::sqrt(std::max(0.0, variance) / count) * scale;
}

GoMapState ClassicReader::state_of(const Header& header, const Pass& pass) const {
  GoMapState state;
  auto& classic = state.classic;
  state.keys = header.count;
  classic.b = header.b;
  classic.old_buckets = old_buckets_of(header);
  classic.is_same_size = (header.flags & kSameSizeGrow) != 0;
  const auto buckets = buckets_of(header);
  state.load_factor = static_cast<double>(header.count) / static_cast<double>(buckets);
  if (header.buckets == 0) return state;
  if (is_sampled(header)) {
    estimate(classic, pass.current, buckets);
    classic.evacuated_buckets = classic.old_buckets == 0 ? 0 : header.nevacuate;
  } else {
    const auto& chains = pass.current.front();
    classic.overflow_buckets = chains.tops.size() - buckets;
    classic.overflow_chains = chain_histogram(chains.reach);
    classic.evacuated_buckets =
        static_cast<std::uint64_t>(std::ranges::count_if(pass.old_tops, is_moved));
  }
  const auto array = classic::bucket_array(header.b, place_.shape);
  const auto single =
      classic.overflow_buckets - std::min(classic.overflow_buckets, array.overflow_ahead);
  state.bytes =
      array.bytes + single * allocated_bytes(unit_, place_.shape.scan, place_.shape.version);
  if (classic.old_buckets != 0)
    state.bytes += bucket_array_bytes(static_cast<unsigned>(std::countr_zero(classic.old_buckets)),
                                      place_.shape);
  return state;
}

Snapshot ClassicReader::attempt() {
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

}  // namespace

Snapshot read_classic(const GoMapPlace& place, const ReadPieces& read,
                      const SnapshotLimits& limits) {
  return ClassicReader(place, read, limits).attempt();
}

}  // namespace gomapd::model
