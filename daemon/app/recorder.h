// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/app/trace_sink.h"
#include "daemon/proc/file.h"
#include "daemon/recording/encoder.h"

namespace gomapd::app {

enum class Existing : std::uint8_t { kRefuse, kOverwrite };

// Writes a trace to a file, four times a second, so that a crash of gomapd loses
// no more than the last second. It is left to the kernel when that reaches the
// disk, but for the end, which waits for it: a traced program's own disk would
// suffer.
class Recorder final : public TraceSink {
 public:
  // Makes the file if need be. What is in it is kept until tracing begins, and
  // an empty file that was made here goes if it never does.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> open(const std::string& path,
                                                              Existing existing);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override;

  // Progress is drawn on standard error when that is a terminal.
  void no_progress() { draws_ = false; }

  void begin(const TraceStart& start) override;
  void process(ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override;
  void growth(const model::GrowthEvent& event) override;
  [[nodiscard]] bool flush() override;
  [[nodiscard]] bool wants_state() const override { return true; }
  void state(const exporter::TraceReport& report) override;
  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report) override;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }      // of the file
  [[nodiscard]] std::uint64_t growths() const { return growths_; }  // as of the last state

 private:
  using Clock = std::chrono::steady_clock;

  Recorder() = default;
  void write_ready();
  void draw_progress();
  void erase_progress();

  std::string path_;
  proc::Fd file_;
  bool is_regular_ = false;
  bool made_here_ = false;
  int error_ = 0;  // errno of the first write that failed; nothing is written after it
  std::unique_ptr<recording::Encoder> encoder_;  // once tracing has begun
  Clock::time_point last_write_;
  std::uint64_t bytes_ = 0;
  std::uint64_t growths_ = 0;
  bool draws_ = false;
  bool drawn_ = false;
};

}  // namespace gomapd::app
