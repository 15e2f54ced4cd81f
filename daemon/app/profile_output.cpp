// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/profile_output.h"

#include "daemon/export/flamegraph.h"
#include "daemon/export/pprof.h"

namespace gomapd::app {

using exporter::TraceReport;

Result<std::unique_ptr<ProfileOutput>> ProfileOutput::open(const ProfileOptions& options) {
  std::unique_ptr<ProfileOutput> output(new ProfileOutput);
  const auto weight = options.weight;
  TRY_VOID(output->add(options.pprof_path, [weight](const TraceReport& report) {
    return exporter::pprof_profile(report, weight);
  }));
  TRY_VOID(
      output->add(options.folded_path, [weight](const TraceReport& report) -> Result<std::string> {
        return exporter::folded_stacks(report, weight);
      }));
  TRY_VOID(output->add(options.flamegraph_path,
                       [weight](const TraceReport& report) -> Result<std::string> {
                         return exporter::flamegraph_svg(report, weight);
                       }));
  return output;
}

Result<void> ProfileOutput::add(const std::string& path, Render render) {
  if (path.empty()) return {};
  profiles_.push_back({TRY(OutputFile::open(path)), std::move(render)});
  return {};
}

// One that can't be written does not take the others with it.
Result<void> ProfileOutput::finish(const TraceReport& report) {
  Result<void> finished;
  for (auto& profile : profiles_) {
    const auto bytes = profile.render(report);
    auto written = bytes ? profile.file.commit(*bytes) : std::unexpected(bytes.error());
    if (!written && finished) finished = std::move(written);
  }
  return finished;
}

}  // namespace gomapd::app
