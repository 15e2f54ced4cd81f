// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "daemon/export/report.h"
#include "daemon/model/trace.h"
#include "daemon/recording/byte_output.h"
#include "daemon/recording/dictionary.h"

namespace gomapd::recording {

// Turns what a trace finds into the bytes of a recording: calls in the order of
// the times, then end(). Types and stacks are known again by their addresses,
// which must last. Memory: what is different (stacks, types, texts, rows), and
// the events of one block.
class Encoder {
 public:
  // Begins with the file's header.
  explicit Encoder(std::int64_t realtime_offset_ns);

  void process(model::ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns);
  void growth(const model::GrowthEvent& event);
  // The state of the counters; also closes the block of events.
  void state(const exporter::TraceReport& report);
  // The same, and that nothing follows.
  void end(const exporter::TraceReport& report);

  // Closes the block of events that is open.
  void close_events();
  // Bytes of events in the open block.
  [[nodiscard]] std::size_t open_bytes() const { return events_.size(); }
  // Whole blocks that are ready to be written; the caller clears what it took.
  [[nodiscard]] ByteOutput& ready() { return ready_; }

 private:
  struct Thread {
    std::uint32_t tid = 0;
    std::uint64_t goid = 0;
    friend bool operator==(const Thread&, const Thread&) = default;
  };
  // A map of the open block.
  struct GoMap {
    std::uint64_t number = 0;
    Thread thread;  // of its last event
  };
  struct GoMapKey {
    std::uint64_t identity = 0;
    std::uint64_t address = 0;
    friend bool operator==(const GoMapKey&, const GoMapKey&) = default;
  };
  struct GoMapHash {
    std::size_t operator()(const GoMapKey& key) const { return key.identity ^ key.address; }
  };
  struct Rows {
    ByteOutput changed;
    std::uint64_t changed_count = 0;
    ByteOutput all;
    std::uint64_t all_count = 0;
  };

  void time(std::uint64_t monotonic_ns);
  void write_definitions();
  void write_state(const exporter::TraceReport& report, bool is_last);
  void add_row(Rows& rows, const ByteOutput& key, const ByteOutput& value,
               std::unordered_map<std::string, std::string>& written);
  [[nodiscard]] Rows stack_rows(const exporter::TraceReport& report);
  [[nodiscard]] Rows site_rows(const exporter::TraceReport& report);

  Dictionary dictionary_;
  ByteOutput ready_;
  // The open block of events, and what differences in it are taken to.
  ByteOutput events_;
  std::uint64_t last_time_ = 0;
  std::uint64_t last_address_ = 0;
  Thread last_thread_;
  std::unordered_map<GoMapKey, GoMap, GoMapHash> go_maps_;
  // Of states.
  std::uint64_t states_ = 0;
  std::size_t changes_since_full_ = 0;
  std::unordered_map<std::string, std::string> written_stacks_;
  std::unordered_map<std::string, std::string> written_sites_;
};

}  // namespace gomapd::recording
