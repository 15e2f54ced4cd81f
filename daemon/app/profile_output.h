// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/app/output_file.h"
#include "daemon/app/trace_sink.h"
#include "daemon/export/profile.h"

namespace gomapd::app {

// The profiles that were asked for; an empty path asks for none.
struct ProfileOptions {
  std::string pprof_path;
  std::string folded_path;
  std::string flamegraph_path;
  exporter::Weight weight = exporter::Weight::kGrowths;  // of folded stacks and flame graph

  [[nodiscard]] bool empty() const {
    return pprof_path.empty() && folded_path.empty() && flamegraph_path.empty();
  }
};

// Writes profiles of a trace, live or replayed, when it ends.
class ProfileOutput final : public TraceSink {
 public:
  // Before the trace, so that a file that can't be written is known then.
  [[nodiscard]] static Result<std::unique_ptr<ProfileOutput>> open(const ProfileOptions& options);

  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report) override;

 private:
  using Render = std::function<Result<std::string>(const exporter::TraceReport&)>;
  struct Profile {
    OutputFile file;
    Render render;
  };

  ProfileOutput() = default;
  [[nodiscard]] Result<void> add(const std::string& path, Render render);

  std::vector<Profile> profiles_;
};

}  // namespace gomapd::app
