// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "daemon/app/trace_sink.h"
#include "daemon/model/life.h"

namespace gomapd::app {

enum class Form : std::uint8_t { kTable, kJson };

// Where a trace's result goes: JSON Lines, or the report, with a live table on
// a terminal meanwhile. Before the report, the life of some maps or all, if that
// is asked for: each event as it comes; JSON Lines are of these maps alone then.
class TraceOutput final : public TraceSink {
 public:
  // `path` empty: standard output. The live table is drawn on standard error
  // when that is a terminal and the result is a table.
  [[nodiscard]] static Result<std::unique_ptr<TraceOutput>> open(const std::string& path,
                                                                 Form form);

  void no_live_table() { live_ = false; }
  void follow(model::Lives lives);

  void begin(const TraceStart& start) override { realtime_offset_ns_ = start.realtime_offset_ns; }
  void process(ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override;
  void growth(const model::GrowthEvent& event) override;
  void assigns(const model::AssignWindow& window) override;
  [[nodiscard]] bool flush() override;
  [[nodiscard]] bool wants_state() const override { return live_; }
  void state(const exporter::TraceReport& report) override;
  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report) override;

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) std::fclose(file);
    }
  };
  TraceOutput() = default;
  void line(const std::string& text);
  [[nodiscard]] std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const;
  [[nodiscard]] std::uint64_t since_ns(std::uint64_t monotonic_ns) const;
  void write(const std::string& lines);
  void erase_table();

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  Form form_ = Form::kTable;
  bool live_ = false;
  std::size_t drawn_rows_ = 0;
  std::int64_t realtime_offset_ns_ = 0;
  std::optional<model::Lives> lives_;      // that are told
  std::optional<std::uint64_t> began_ns_;  // CLOCK_MONOTONIC: the first process is told then
};

}  // namespace gomapd::app
