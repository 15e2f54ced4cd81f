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

namespace gomapd::app {
namespace {

// Writing the report over the recording would destroy both.
bool is_same_file(const proc::MappedFile& file, const std::string& path) {
  struct stat info{};
  return !path.empty() && stat(path.c_str(), &info) == 0 && info.st_dev == file.device() &&
         info.st_ino == file.inode();
}

}  // namespace

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
  const auto opened = proc::MappedFile::open(recording);
  // No target, but a file of ours, is what is wrong.
  if (!opened)
    return fail(opened.error().code == Errc::kMalformed ? Errc::kSystem : opened.error().code,
                opened.error().context);
  for (const auto* path : {&result.path, &result.profiles.pprof_path, &result.profiles.folded_path,
                           &result.profiles.flamegraph_path})
    if (is_same_file(*opened, *path))
      return fail(Errc::kUsage, fmt::format("report: {}: that is the recording", *path));
  // Before an output file is emptied.
  if (const auto replayable = check_recording(opened->bytes()); !replayable)
    return add_context(recording, replayable.error());
  const auto output = TRY(TraceOutput::open(result.path, result.json ? Form::kJson : Form::kTable));
  const auto profiles = TRY(ProfileOutput::open(result.profiles));
  const std::array<TraceSink*, 2> sinks{output.get(), profiles.get()};
  const auto replayed = TRY(replay(opened->bytes(), sinks));
  for (const auto& missing : replayed.missing)
    fmt::print(stderr, "gomapd: {}: {}\n", exporter::escape(recording), exporter::escape(missing));
  return {};
}

}  // namespace gomapd::app
