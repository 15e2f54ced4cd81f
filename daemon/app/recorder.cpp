// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/recorder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/export/terminal.h"

namespace gomapd::app {
namespace {

// A block of events this large is written at once, a smaller one after a while.
constexpr std::size_t kBlockBytes = 64U << 10U;
constexpr std::chrono::milliseconds kWriteInterval{250};

constexpr mode_t kMode = 0644;  // as the umask leaves it

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(const std::string& path, Existing existing) {
  std::unique_ptr<Recorder> recorder(new Recorder);
  recorder->path_ = path;
  recorder->file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  recorder->made_here_ = static_cast<bool>(recorder->file_);
  if (!recorder->file_ && errno == EEXIST)
    recorder->file_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!recorder->file_) return fail(Errc::kSystem, fmt::format("{}: {}", path, errno_text(errno)));
  struct stat info{};
  if (fstat(recorder->file_.get(), &info) != 0)
    return fail(Errc::kSystem, fmt::format("{}: {}", path, errno_text(errno)));
  recorder->is_regular_ = S_ISREG(info.st_mode);
  if (recorder->is_regular_ && info.st_size != 0 && existing == Existing::kRefuse)
    return fail(Errc::kSystem, fmt::format("{}: exists and is not empty: choose another file, or "
                                           "overwrite it with --force",
                                           path));
  recorder->draws_ = isatty(STDERR_FILENO) != 0;
  return recorder;
}

Recorder::~Recorder() {
  erase_progress();
  if (made_here_ && !encoder_) ::unlink(path_.c_str());
}

void Recorder::begin(const TraceStart& start) {
  if (is_regular_ && ftruncate(file_.get(), 0) != 0) error_ = errno;
  encoder_ = std::make_unique<recording::Encoder>(start.realtime_offset_ns);
  write_ready();
}

void Recorder::process(ProcessChange change, const model::Process& process,
                       std::uint64_t monotonic_ns) {
  encoder_->process(change, process, monotonic_ns);
}

void Recorder::growth(const model::GrowthEvent& event) {
  if (error_ != 0) return;
  encoder_->growth(event);
  if (encoder_->open_bytes() < kBlockBytes) return;
  encoder_->close_events();
  write_ready();
}

bool Recorder::flush() {
  if (error_ == 0 && Clock::now() - last_write_ >= kWriteInterval) {
    encoder_->close_events();
    write_ready();
  }
  return error_ == 0;
}

void Recorder::state(const exporter::TraceReport& report) {
  if (error_ != 0) return;
  encoder_->state(report);
  write_ready();
  growths_ = report.summary.counts.started;
  draw_progress();
}

void Recorder::write_ready() {
  auto& ready = encoder_->ready();
  auto left = ready.view();
  while (error_ == 0 && !left.empty()) {
    const auto written = ::write(file_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = errno;
      break;
    }
    left = left.subspan(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  ready.clear();
  last_write_ = Clock::now();
}

Result<void> Recorder::finish(const exporter::TraceReport& report) {
  growths_ = report.summary.counts.started;
  if (error_ == 0) {
    encoder_->end(report);
    write_ready();
  }
  if (error_ == 0 && is_regular_ && fsync(file_.get()) != 0) error_ = errno;
  erase_progress();
  if (error_ == 0) return {};
  return fail(Errc::kSystem,
              fmt::format("{}: could not be written: {}; what was written until then can be read "
                          "by gomapd report",
                          path_, errno_text(error_)));
}

// One line, over the one before.
void Recorder::draw_progress() {
  if (!draws_) return;
  fmt::print(stderr, "\r\x1b[Krecording: {} growths, {}", exporter::human_count(growths_),
             exporter::human_bytes(bytes_));
  drawn_ = true;
}

void Recorder::erase_progress() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace gomapd::app
