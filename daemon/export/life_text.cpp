// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/life_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <string_view>

#include "daemon/export/terminal.h"
#include "probes/plan/plan.h"

namespace gomapd::exporter {
namespace {

using model::Condition;

std::string time_text(std::uint64_t since_ns) {
  return fmt::format("{:>12.6f} s", static_cast<double>(since_ns) / 1e9);
}

// A Swiss growth that began before tracing ends without telling whose it was.
std::string address_text(std::uint64_t address) {
  return address == 0 ? std::string("(not known)") : fmt::format("{:#x}", address);
}

std::string line_of(const model::GrowthEvent& event, std::uint64_t since_ns, std::size_t depth,
                    std::string_view words) {
  const auto& type = event.type->name;
  return fmt::format("{}  {}  {}  {}  {}{}\n", time_text(since_ns), event.pid,
                     address_text(event.address), type ? escape(*type) : "(type not known)",
                     std::string(2 * depth, ' '), words);
}

std::string condition_text(const model::GrowthEvent& event, const model::Decision& decision) {
  const auto value = human_count(decision.value);
  const auto limit = human_count(decision.limit);
  switch (decision.condition) {
    case Condition::kOverLoadFactor: {
      const auto keys = fmt::format("{} keys + 1 > {}", human_count(event.keys), limit);
      if (decision.b == 0) return keys + ", the slots of the one bucket";
      return fmt::format("{} = {:g} x 2^{}, the load factor", keys, decision.keys_per_bucket,
                         decision.b);
    }
    case Condition::kTooManyOverflowBuckets:
      return fmt::format(
          "{}{} overflow buckets >= {} = 2^min(B, 15), and {} keys + 1 within the "
          "load factor",
          event.overflow_is_estimate ? "about " : "", value, limit, human_count(event.keys));
    case Condition::kSmallMapFull:
      return fmt::format("{} keys fill the {} slots of the one group", value, limit);
    case Condition::kNoGrowthLeft:
      return fmt::format("growthLeft 0: {} keys + {} tombstones = {} = 7/8 of {} slots",
                         human_count(event.keys), human_count(decision.tombstones), limit,
                         human_count(event.sizes.old_buckets));
  }
  return {};
}

// What the runtime calls, and what it makes of the map.
std::string growth_text(const model::GrowthEvent& event, const model::Decision& decision) {
  const auto from = human_count(event.sizes.old_buckets);
  const auto to = human_count(event.sizes.new_buckets);
  switch (event.kind) {
    case GM_KIND_DOUBLE:
      return fmt::format("hashGrow: double, B {} -> {}, {} -> {} buckets", decision.b,
                         decision.b + 1, from, to);
    case GM_KIND_SAME_SIZE:
      return fmt::format("hashGrow: same_size, B stays {}, {} buckets again", decision.b, to);
    case GM_KIND_TO_TABLE: return fmt::format("growToTable: to_table, a table of {} slots", to);
    case GM_KIND_TABLE_DOUBLE:
      return fmt::format("rehash -> grow: table_double, {} -> {} slots", from, to);
    case GM_KIND_SPLIT:
      return fmt::format("rehash -> split: {} slots = maxTableCapacity -> two tables, {} slots",
                         from, to);
    case GM_KIND_UNKNOWN:
    case GM_KIND_COUNT: break;
  }
  return {};
}

std::string bytes_text(const model::GrowthEvent& event) {
  return event.sizes.bytes == 0 ? std::string() : ", " + human_bytes(event.sizes.bytes);
}

std::string site_text(const model::GrowthEvent& event) {
  const auto* frame = model::user_frame(*event.stack);
  if (frame == nullptr) return {};
  if (frame->file.empty()) return ", by " + escape(frame->function);
  return fmt::format(", by {} {}:{}", escape(frame->function), escape(frame->file), frame->line);
}

std::string remark_text(const model::GrowthEvent& event) {
  std::string text;
  if (event.directory_doubles) text += "; localDepth = globalDepth, so the directory doubles";
  if (event.on_goroutine_stack) text += "; on its goroutine's stack, with which it moves";
  return text;
}

std::string moved_text(std::uint64_t moved, std::uint64_t old_buckets) {
  return fmt::format("{} of {} old bucket{} moved", human_count(moved), human_count(old_buckets),
                     old_buckets == 1 ? "" : "s");
}

std::string started_text(const model::GrowthEvent& event, const model::LifeStep& step) {
  if (!step.decision || event.kind == GM_KIND_UNKNOWN)
    return "mapassign: a growth of an unknown kind";
  return fmt::format("mapassign: {} -> {}{}{}{}", condition_text(event, *step.decision),
                     growth_text(event, *step.decision), bytes_text(event), site_text(event),
                     remark_text(event));
}

std::string released_text(const model::GrowthEvent& event) {
  const auto old_size = event.sizes.old_buckets;
  switch (event.kind) {
    case GM_KIND_TO_TABLE: return "the old group is released";
    case GM_KIND_TABLE_DOUBLE:
    case GM_KIND_SPLIT:
      return fmt::format("the old table of {} slots is released", human_count(old_size));
    default: break;
  }
  return old_size == 1 ? "the old bucket is released"
                       : fmt::format("the {} old buckets are released", human_count(old_size));
}

std::string size_text(const model::GrowthEvent& event) {
  const auto size = event.sizes.new_buckets;
  if (event.design == go::Design::kSwiss)
    return fmt::format("{} slots{}", human_count(size),
                       event.kind == GM_KIND_SPLIT ? " in two tables" : "");
  return fmt::format("B {}, {} buckets", size == 0 ? 0 : std::bit_width(size) - 1,
                     human_count(size));
}

std::string finished_text(const model::GrowthEvent& event, const model::LifeStep& step) {
  auto text = fmt::format(
      "done: {}, {}; {}",
      event.began_before
          ? fmt::format("began before tracing, more than {} ago", human_duration(event.duration_ns))
          : fmt::format("after {}", human_duration(event.duration_ns)),
      released_text(event), size_text(event));
  if (step.grown)
    text += fmt::format(", {} keys, load factor {:.2f}", human_count(step.grown->keys),
                        step.grown->load_factor);
  return text;
}

std::string evacuated_text(const model::GrowthEvent& event, const model::LifeStep& step) {
  return fmt::format("evacuate: bucket {}; {}{}", event.bucket,
                     moved_text(step.moved, event.sizes.old_buckets),
                     event.evacuated != 0 ? "" : " since tracing began");
}

// A Swiss growth is one call: it ends.
std::string_view missing_end_text(const model::GrowthEvent& event) {
  return event.design == go::Design::kSwiss
             ? "no end was seen: its record was lost"
             : "no end was seen: the map was cleared or dropped before all had moved, or the "
               "record was lost";
}

// All that can be said of a growth without an end.
std::string open_text(const model::Lives::Open& open, std::uint64_t ended_ns) {
  const auto& [started, moved] = open;
  auto text = fmt::format(
      "not done when tracing ended, {} later: still growing, or the map was cleared or dropped",
      human_duration(ended_ns - std::min(ended_ns, started.monotonic_ns)));
  if (moved != 0) text += "; " + moved_text(moved, started.sizes.old_buckets);
  return text;
}

}  // namespace

std::string life_process_text(model::ProcessChange change, const model::Process& process,
                              std::uint64_t since_ns) {
  return fmt::format("{}  {}  {} ({}, {} maps) {}\n", time_text(since_ns), process.pid,
                     escape(process.exe), escape(process.go_version), to_string(process.design),
                     change == model::ProcessChange::kStarted ? "is traced" : "has exited");
}

std::string life_text(const model::GrowthEvent& event, const model::LifeStep& step,
                      std::uint64_t since_ns) {
  std::string text;
  if (step.end_missing) text += line_of(event, since_ns, 2, missing_end_text(event));
  if (step.another_map)
    text += line_of(event, since_ns, 0,
                    "another map is here now, or this one was emptied: its seed is a new one");
  switch (event.what) {
    case GM_RECORD_STARTED: return text + line_of(event, since_ns, 0, started_text(event, step));
    case GM_RECORD_EVACUATED:
      return step.is_milestone ? line_of(event, since_ns, 1, evacuated_text(event, step)) : text;
    case GM_RECORD_FINISHED: return line_of(event, since_ns, 2, finished_text(event, step));
    case GM_RECORD_PRUNED:
      return line_of(
          event, since_ns, 0,
          fmt::format("mapassign: growthLeft 0 -> pruneTombstones: {} removed, growthLeft "
                      "{}: no growth",
                      human_count(event.tombstones_removed),
                      human_count(event.tombstones_removed)));
  }
  return text;
}

std::string life_end_text(const model::Lives& lives, std::uint64_t lost_events,
                          std::uint64_t began_ns, std::uint64_t duration_ns) {
  std::string text;
  lives.for_each_open([&](const model::Lives::Open& open) {
    text += line_of(open.started, duration_ns, 2, open_text(open, began_ns + duration_ns));
  });
  for (const auto address : lives.unseen())
    text += fmt::format("{}  {:#x}: no growth was seen there\n", time_text(duration_ns), address);
  if (lost_events != 0)
    text += fmt::format("note: {} records did not fit the ring: this trail has gaps\n",
                        human_count(lost_events));
  return text;
}

}  // namespace gomapd::exporter
