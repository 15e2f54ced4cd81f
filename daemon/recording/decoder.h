// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/export/report.h"
#include "daemon/model/trace.h"
#include "daemon/recording/block.h"
#include "daemon/recording/definitions.h"
#include "daemon/recording/state.h"

namespace gomapd::recording {

// Takes the events of a recording, in the order in which they were recorded.
class Events {
 public:
  Events() = default;
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  virtual ~Events() = default;

  virtual void process(model::ProcessChange change, const model::Process& process,
                       std::uint64_t monotonic_ns) = 0;
  virtual void growth(const model::GrowthEvent& event) = 0;
};

// Reads a recording, whatever its bytes are: what is damaged is left out and
// told. Borrows the bytes; what events and report point to lives as long as this
// object does.
class Decoder {
 public:
  // kSystem when the bytes are no recording, or of a version that can't be read.
  [[nodiscard]] static Result<Decoder> open(Bytes file);

  [[nodiscard]] std::int64_t realtime_offset_ns() const { return header_.realtime_offset_ns; }

  // Hands out the events, and returns the report of the trace's end, or the last
  // that is there: its `truncated` and `missing` say what is not. To be called
  // once.
  [[nodiscard]] exporter::TraceReport read(Events& events);

 private:
  struct Thread {
    std::uint32_t tid = 0;
    std::uint64_t goid = 0;
  };
  struct GoMap {
    std::uint64_t address = 0;
    std::uint64_t identity = 0;
    Thread thread;
  };
  // What differences in a block of events are taken to.
  struct Open {
    std::uint64_t time = 0;
    std::uint64_t address = 0;
    Thread thread;
    std::vector<GoMap> go_maps;
  };

  Decoder(Bytes file, FileHeader header) : blocks_(file), header_(header) {}

  void take(const Block& block, Events& events);
  [[nodiscard]] bool take_whole(const Block& block, Events& events);
  [[nodiscard]] bool take_events(Bytes payload, Events& events);
  void take_process(Cursor& cursor, Open& open, Events& events);
  void take_growth(std::uint64_t number, Cursor& cursor, Open& open, Events& events);
  [[nodiscard]] static GoMap& go_map_of(std::uint64_t flags, Cursor& cursor, Open& open);
  void note_damage(std::uint64_t offset, std::uint64_t bytes);
  [[nodiscard]] std::vector<std::string> missing(std::uint64_t unnamed) const;

  BlockReader blocks_;
  FileHeader header_;
  Definitions definitions_;
  CounterState state_;
  bool ended_ = false;
  std::optional<std::uint64_t> cut_at_;
  std::vector<std::string> damages_;
  std::uint64_t further_damages_ = 0;
  std::uint64_t unknown_blocks_ = 0;
  std::uint64_t unnamed_events_ = 0;
  std::uint64_t events_since_state_ = 0;
};

}  // namespace gomapd::recording
