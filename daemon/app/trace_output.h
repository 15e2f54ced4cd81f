// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "daemon/export/report.h"
#include "daemon/model/trace.h"

namespace gomapd::app {

enum class Form : std::uint8_t { kTable, kJson };

// Where a trace's result goes, and the live table on a terminal meanwhile.
class TraceOutput {
 public:
  // `path` empty: standard output. The live table is drawn on standard error
  // when that is a terminal and the result is a table.
  [[nodiscard]] static Result<TraceOutput> open(const std::string& path, Form form);

  void growth(const model::GrowthEvent& event);
  // `monotonic_ns`: CLOCK_MONOTONIC.
  void process(std::string_view event, const model::Process& process, std::uint64_t monotonic_ns);

  [[nodiscard]] bool is_live() const { return live_; }
  void no_live_table() { live_ = false; }
  void draw(const exporter::TraceReport& report);

  // Hands on what was written; false when nobody reads any more.
  [[nodiscard]] bool flush();
  // The report, last. An error when the result could not be written whole.
  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report);

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) std::fclose(file);
    }
  };
  TraceOutput() = default;
  void line(const std::string& text);
  [[nodiscard]] std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const;
  void erase_table();

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  Form form_ = Form::kTable;
  bool live_ = false;
  std::size_t drawn_rows_ = 0;
  std::int64_t realtime_offset_ns_ = 0;  // CLOCK_REALTIME less CLOCK_MONOTONIC
};

}  // namespace gomapd::app
