// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/trace_output.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/export/json.h"
#include "daemon/export/life_text.h"
#include "daemon/export/terminal.h"

namespace gomapd::app {
Result<std::unique_ptr<TraceOutput>> TraceOutput::open(const std::string& path, Form form) {
  std::unique_ptr<TraceOutput> output(new TraceOutput);
  output->file_.reset(path.empty() ? stdout : std::fopen(path.c_str(), "we"));
  if (!output->file_) return fail(Errc::kSystem, fmt::format("{}: {}", path, errno_text(errno)));
  output->path_ = path.empty() ? "standard output" : path;
  output->form_ = form;
  output->live_ = form == Form::kTable && isatty(STDERR_FILENO) != 0;
  return output;
}

void TraceOutput::follow(model::Lives lives) {
  lives_ = std::move(lives);
  live_ = false;  // the table and the lines would overwrite each other
}

void TraceOutput::write(const std::string& lines) {
  std::fwrite(lines.data(), 1, lines.size(), file_.get());
}

void TraceOutput::line(const std::string& text) {
  write(text);
  std::fputc('\n', file_.get());
}

void TraceOutput::growth(const model::GrowthEvent& event) {
  if (!lives_) {
    if (form_ == Form::kJson) line(exporter::growth_json(event, realtime_ns(event.monotonic_ns)));
    return;
  }
  const auto step = lives_->add(event);
  if (!step) return;
  if (form_ == Form::kJson)
    line(exporter::growth_json(event, realtime_ns(event.monotonic_ns), &*step));
  else
    write(exporter::life_text(event, *step, since_ns(event.monotonic_ns)));
}

void TraceOutput::assigns(const model::AssignWindow& window) {
  if (form_ != Form::kJson) return;
  auto shown = window;
  if (lives_)
    std::erase_if(shown.counts,
                  [&](const model::AssignCount& count) { return !lives_->follows(count.go_map); });
  write(exporter::assign_samples_json(shown, realtime_ns(window.monotonic_ns)));
}

void TraceOutput::process(ProcessChange change, const model::Process& process,
                          std::uint64_t monotonic_ns) {
  if (!began_ns_) began_ns_ = monotonic_ns;
  if (form_ == Form::kJson) {
    const auto* event = change == ProcessChange::kStarted ? "process_started" : "process_exited";
    line(exporter::process_json(event, process, realtime_ns(monotonic_ns)));
  } else if (lives_) {
    write(exporter::life_process_text(change, process, since_ns(monotonic_ns)));
  }
}

std::uint64_t TraceOutput::since_ns(std::uint64_t monotonic_ns) const {
  return monotonic_ns - std::min(monotonic_ns, began_ns_.value_or(monotonic_ns));
}

std::uint64_t TraceOutput::realtime_ns(std::uint64_t monotonic_ns) const {
  return monotonic_ns + static_cast<std::uint64_t>(realtime_offset_ns_);
}

void TraceOutput::erase_table() {
  // Up to the table's first line, and clear from there: ECMA-48 CPL and ED.
  if (drawn_rows_ != 0) fmt::print(stderr, "\x1b[{}F\x1b[J", drawn_rows_);
  drawn_rows_ = 0;
}

void TraceOutput::state(const exporter::TraceReport& report) {
  const auto size = exporter::window_size(STDERR_FILENO);
  const auto table = exporter::live_table(report, size.columns, size.rows);
  erase_table();
  fmt::print(stderr, "{}", table);
  drawn_rows_ = static_cast<std::size_t>(std::ranges::count(table, '\n'));
}

bool TraceOutput::flush() {
  return std::fflush(file_.get()) == 0;
}

Result<void> TraceOutput::finish(const exporter::TraceReport& report) {
  erase_table();
  if (form_ == Form::kJson) {
    line(exporter::summary_json(report));
  } else {
    if (lives_)
      write(exporter::life_end_text(*lives_, report.lost_events(), began_ns_.value_or(0),
                                    report.duration_ns) +
            "\n");
    const int fd = fileno(file_.get());
    write(exporter::report_text(report, exporter::window_size(fd).columns));
  }
  if (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0)
    return fail(Errc::kSystem,
                fmt::format("{}: could not be written: {}", path_, errno_text(errno)));
  return {};
}

}  // namespace gomapd::app
