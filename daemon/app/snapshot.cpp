// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/snapshot.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>

#include "daemon/app/trace.h"
#include "daemon/export/terminal.h"
#include "daemon/proc/memory.h"
#include "daemon/proc/process.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::chrono::seconds kLongestReading{30};

// Uneven, so that a program that writes in a rhythm is not met at the same beat
// each time; longer after many retries.
void pause(unsigned retries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto longest = std::min(1000U, 2 * retries * retries);
  std::this_thread::sleep_for(microseconds(std::uniform_int_distribution(0U, longest)(random)));
}

Result<void> write_result(const std::string& path, const std::string& text) {
  const auto close = [](std::FILE* file) {
    if (file != stdout) std::fclose(file);
  };
  const std::unique_ptr<std::FILE, decltype(close)> file(
      path.empty() ? stdout : std::fopen(path.c_str(), "we"), close);
  const auto name = path.empty() ? "standard output" : path;
  if (!file) return fail(Errc::kSystem, fmt::format("{}: {}", name, errno_text(errno)));
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0)
    return fail(Errc::kSystem,
                fmt::format("{}: could not be written: {}", name, errno_text(errno)));
  return {};
}

KnownMaps::Progress progress_on_terminal() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [](std::size_t maps) {
    fmt::print(stderr, "\rgomapd: {} maps seen so far; Ctrl-C reads them now",
               exporter::human_count(maps));
  };
}

}  // namespace

model::Snapshot read_go_map(pid_t pid, const model::GoMapPlace& place,
                            const model::SnapshotLimits& limits) {
  const ReadPieces read = [pid](std::span<const MemoryPiece> pieces) {
    return proc::read_memory(pid, pieces);
  };
  return model::take_snapshot(place, read, limits, pause);
}

exporter::SnapshotReport read_known(pid_t pid, const KnownMaps& known) {
  exporter::SnapshotReport report;
  report.pid = static_cast<std::uint32_t>(pid);
  report.gone = known.replaced();
  report.on_stack = known.on_stack();
  report.not_read = known.not_kept();
  report.lost_events = known.lost_events();
  const auto end = Clock::now() + kLongestReading;
  for (const auto& [address, one] : known.by_address()) {
    if (Clock::now() >= end) {
      ++report.not_read;
      continue;
    }
    auto snapshot = read_go_map(pid, one.place);
    report.retries += snapshot.retries;
    switch (snapshot.outcome) {
      case model::SnapshotOutcome::kGone: ++report.gone; break;
      case model::SnapshotOutcome::kTorn: ++report.torn[snapshot.reason]; break;
      case model::SnapshotOutcome::kRead:
        report.rows.push_back({one.place, one.type, one.site, one.seen_by,
                               std::move(snapshot.state), snapshot.retries});
    }
  }
  std::ranges::stable_sort(report.rows, std::greater<>{},
                           [](const exporter::SnapshotRow& row) { return row.state.bytes; });
  return report;
}

Result<void> snapshot(const SnapshotOptions& options) {
  // Held, so that another process with the same PID is noticed.
  const auto process = TRY(proc::Process::open(options.pid));
  TraceOptions trace;
  trace.pids = {options.pid};
  trace.duration = options.duration;
  trace.detail = options.detail;
  trace.max_overhead = options.max_overhead;
  const auto progress = progress_on_terminal();
  KnownMaps known(progress);
  const std::array<TraceSink*, 1> sinks{&known};
  TRY_VOID(run_trace(trace, sinks));
  if (progress) fmt::print(stderr, "\n");
  const auto report = read_known(options.pid, known);
  if (proc::has_exited(process.pidfd))
    return fail(Errc::kGone, fmt::format("process {} ended before its maps were read: a shorter "
                                         "-d reads them earlier",
                                         options.pid));
  const auto is_terminal = options.path.empty();
  const auto width = is_terminal ? exporter::window_size(STDOUT_FILENO).columns : 0;
  return write_result(options.path, options.json ? exporter::snapshot_json(report) + "\n"
                                                 : exporter::snapshot_text(report, width));
}

}  // namespace gomapd::app
