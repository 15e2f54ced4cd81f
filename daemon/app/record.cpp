// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/record.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "daemon/app/profile_output.h"
#include "daemon/app/replay.h"
#include "daemon/app/trace_output.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"
#include "daemon/proc/file.h"
#include "daemon/recording/block.h"

namespace gomapd::app {
namespace {

// Writing the report over the recording would destroy both.
bool is_same_file(const proc::MappedFile& file, const std::string& path) {
  struct stat info{};
  return !path.empty() && stat(path.c_str(), &info) == 0 && info.st_dev == file.id().device &&
         info.st_ino == file.id().inode;
}

Result<proc::MappedFile> open_recording(const std::string& path) {
  auto opened = proc::MappedFile::open(path);
  if (opened) return opened;
  // No target, but a file of ours, is what is wrong.
  auto error = std::move(opened).error();
  if (error.code == Errc::kMalformed) error.code = Errc::kSystem;
  return std::unexpected(std::move(error));
}

Result<void> replay_to(const proc::MappedFile& file, const std::string& path,
                       std::span<TraceSink* const> sinks) {
  const auto replayed = replay(file.bytes(), sinks);
  if (!replayed) return std::unexpected(replayed.error());
  for (const auto& missing : replayed->missing)
    fmt::print(stderr, "gomapd: {}: {}\n", exporter::escape(path), exporter::escape(missing));
  return {};
}

}  // namespace

bool is_recording(const std::string& path) {
  const auto file = proc::MappedFile::open(path);
  return file && recording::begins_as_recording(file->bytes());
}

Result<void> replay_file(const std::string& path, std::span<TraceSink* const> sinks) {
  const auto file = TRY(open_recording(path));
  if (const auto replayable = check_recording(file.bytes()); !replayable)
    return add_context(path, replayable.error());
  return replay_to(file, path, sinks);
}

Result<void> record(const TraceOptions& options, const RecordResult& result) {
  TRY_VOID(kernel::check_prerequisites());
  const auto recorder = TRY(Recorder::open(result.path, result.existing));
  // Progress and the command's own output would overwrite each other.
  if (!options.command.empty() && isatty(STDOUT_FILENO) != 0) recorder->no_progress();
  const std::array<TraceSink*, 1> sinks{recorder.get()};
  TRY_VOID(run_trace(options, sinks));
  const auto path = exporter::escape(result.path);
  fmt::print(stderr, "gomapd: recorded {} growths in {} ({}); to read it: gomapd report {}\n",
             exporter::human_count(recorder->growths()), path,
             exporter::human_bytes(recorder->bytes()), path);
  return {};
}

Result<void> report(const std::string& recording, const TraceResult& result) {
  const auto file = TRY(open_recording(recording));
  for (const auto* path : {&result.path, &result.profiles.pprof_path, &result.profiles.folded_path,
                           &result.profiles.flamegraph_path})
    if (is_same_file(file, *path))
      return fail(Errc::kUsage, fmt::format("report: {}: that is the recording", *path));
  // Before an output file is emptied.
  if (const auto replayable = check_recording(file.bytes()); !replayable)
    return add_context(recording, replayable.error());
  const auto output = TRY(TraceOutput::open(result.path, result.json ? Form::kJson : Form::kTable));
  if (result.lives) output->follow(model::Lives(*result.lives));
  const auto profiles = TRY(ProfileOutput::open(result.profiles));
  const std::array<TraceSink*, 2> sinks{output.get(), profiles.get()};
  return replay_to(file, recording, sinks);
}

}  // namespace gomapd::app
