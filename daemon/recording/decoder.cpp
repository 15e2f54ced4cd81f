// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/decoder.h"

#include <fmt/core.h>

#include "daemon/recording/format.h"

namespace gomapd::recording {
namespace {

// So many damaged places are told one by one.
constexpr std::size_t kToldDamages = 3;

void read_numbers(std::uint64_t flags, Cursor& cursor, model::GrowthEvent& event) {
  const auto when = [&](EventFlag flag) { return (flags & flag) != 0 ? cursor.varint() : 0; };
  event.keys = cursor.varint();
  event.go_map_keys = (flags & kSameKeys) != 0 ? event.keys : cursor.difference(event.keys);
  event.duration_ns = when(kHasDuration);
  event.overflow_buckets = when(kHasOverflow);
  event.bucket = when(kHasBucket);
  event.evacuated = when(kHasBucket);
  event.tombstones_removed = when(kHasTombstones);
  event.on_goroutine_stack = (flags & kOnStack) != 0;
  event.overflow_is_estimate = (flags & kOverflowEstimated) != 0;
  event.began_before = (flags & kBeganBefore) != 0;
  event.directory_doubles = (flags & kDirectoryDoubles) != 0;
}

std::string seconds_text(std::uint64_t ns) {
  return fmt::format("{:.1f} s", static_cast<double>(ns) / 1e9);
}

}  // namespace

Result<Decoder> Decoder::open(Bytes file) {
  const auto header = TRY(read_file_header(file));
  return Decoder(file, header);
}

exporter::TraceReport Decoder::read(Events& events) {
  while (!ended_) {
    const auto block = blocks_.next();
    if (!block) break;
    take(*block, events);
  }
  std::uint64_t unnamed = 0;
  auto report = state_.report(definitions_, unnamed);
  report.truncated = !ended_;
  report.missing = missing(unnamed);
  return report;
}

void Decoder::take(const Block& block, Events& events) {
  switch (block.state) {
    case Block::State::kCut: cut_at_ = block.offset; return;
    case Block::State::kDamaged: break;
    case Block::State::kWhole:
      if (take_whole(block, events)) return;
  }
  note_damage(block.offset, block.payload.size());
}

// False when the block contradicts itself.
bool Decoder::take_whole(const Block& block, Events& events) {
  switch (static_cast<BlockKind>(block.kind)) {
    case BlockKind::kDefinitions: return definitions_.add(block.payload);
    case BlockKind::kEvents: return take_events(block.payload, events);
    case BlockKind::kState:
    case BlockKind::kEnd:
      if (!state_.add(block.payload)) return false;
      events_since_state_ = 0;
      ended_ = static_cast<BlockKind>(block.kind) == BlockKind::kEnd;
      return true;
  }
  ++unknown_blocks_;
  return true;
}

bool Decoder::take_events(Bytes payload, Events& events) {
  Cursor cursor(payload);
  Open open;
  while (!cursor.at_end()) {
    const auto number = cursor.varint();
    if (number == 0)
      take_process(cursor, open, events);
    else
      take_growth(number - 1, cursor, open, events);
  }
  return cursor.ok();
}

void Decoder::take_process(Cursor& cursor, Open& open, Events& events) {
  const auto change = cursor.byte();
  if (change > static_cast<std::uint8_t>(model::ProcessChange::kExited)) cursor.fail();
  open.time = cursor.difference(open.time);
  const auto* process = definitions_.process(cursor.varint());
  if (!cursor.ok()) return;
  if (process == nullptr) {
    ++unnamed_events_;
    return;
  }
  events.process(static_cast<model::ProcessChange>(change), *process, open.time);
}

// The map that an event speaks of, after a failure none in particular.
Decoder::GoMap& Decoder::go_map_of(std::uint64_t flags, Cursor& cursor, Open& open) {
  if ((flags & kNewGoMap) != 0) {
    open.address = cursor.difference(open.address);
    return open.go_maps.emplace_back(open.address, cursor.fixed64(), open.thread);
  }
  const auto back = cursor.varint();
  if (back < open.go_maps.size()) return open.go_maps[open.go_maps.size() - 1 - back];
  cursor.fail();
  return open.go_maps.emplace_back();
}

void Decoder::take_growth(std::uint64_t number, Cursor& cursor, Open& open, Events& events) {
  const auto flags = cursor.varint();
  if ((flags & ~std::uint64_t{kAllEventFlags}) != 0) cursor.fail();
  open.time = cursor.difference(open.time);
  auto& go_map = go_map_of(flags, cursor, open);
  if ((flags & kSameThread) == 0) {
    go_map.thread.tid = static_cast<std::uint32_t>(cursor.difference(go_map.thread.tid));
    go_map.thread.goid = cursor.difference(go_map.thread.goid);
  }
  open.thread = go_map.thread;
  const auto* growth = definitions_.growth(number);
  auto event = growth != nullptr ? growth->event : model::GrowthEvent{};
  read_numbers(flags, cursor, event);
  if (!cursor.ok()) return;
  if (growth == nullptr || !growth->complete) ++unnamed_events_;
  if (growth == nullptr) return;  // nothing is known of it but that it was
  event.monotonic_ns = open.time;
  event.tid = go_map.thread.tid;
  event.goid = go_map.thread.goid;
  event.address = go_map.address;
  event.identity = go_map.identity;
  ++events_since_state_;
  events.growth(event);
}

void Decoder::note_damage(std::uint64_t offset, std::uint64_t bytes) {
  if (damages_.size() == kToldDamages) {
    ++further_damages_;
    return;
  }
  damages_.push_back(
      fmt::format("the recording is damaged at byte {}: {} bytes are left out", offset, bytes));
}

std::vector<std::string> Decoder::missing(std::uint64_t unnamed) const {
  auto notes = damages_;
  if (further_damages_ != 0)
    notes.push_back(fmt::format("the recording is damaged at {} more places", further_damages_));
  if (header_.damaged)
    notes.emplace_back("the recording's header is damaged: times of day may be wrong");
  if (!ended_)
    notes.push_back(fmt::format(
        "the recording {}: what followed is missing, a second or less if gomapd was killed",
        cut_at_ ? fmt::format("ends in the middle of a block at byte {}", *cut_at_)
                : "has no end"));
  if (!ended_ && state_.is_known())
    notes.push_back(fmt::format(
        "the counts are those of {} after its start{}", seconds_text(state_.duration_ns()),
        events_since_state_ != 0 ? fmt::format("; {} events are later", events_since_state_) : ""));
  if (!state_.is_known())
    notes.emplace_back("no state of the counters is there: nothing is counted, only events are");
  if (state_.has_gap())
    notes.emplace_back(
        "a state of the counters is missing: rows of sites may be older than totals");
  if (unnamed_events_ != 0)
    notes.push_back(fmt::format(
        "{} events have lost their names, or are left out: the definitions were in a damaged part",
        unnamed_events_));
  if (unnamed != 0) notes.push_back(fmt::format("{} rows have lost their names likewise", unnamed));
  if (unknown_blocks_ != 0)
    notes.push_back(
        fmt::format("{} blocks are left out that only a newer gomapd can read", unknown_blocks_));
  if (ended_ && blocks_.bytes_left() != 0)
    notes.push_back(
        fmt::format("{} bytes after the recording's end are left out", blocks_.bytes_left()));
  return notes;
}

}  // namespace gomapd::recording
