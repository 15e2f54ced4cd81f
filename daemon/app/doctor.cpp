// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/doctor.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "daemon/app/doctor_checks.h"
#include "daemon/export/terminal.h"

namespace gomapd::app {

Result<void> doctor(const DoctorOptions& options) {
  const auto report = examine(kernel::find_host_facts());
  const auto width = exporter::window_size(STDOUT_FILENO).columns;
  const auto text =
      options.json ? exporter::doctor_json(report) + "\n" : exporter::doctor_text(report, width);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return fail(Errc::kSystem, "standard output: could not be written");
  const auto failed =
      std::ranges::find(report.checks, exporter::Verdict::kFail, &exporter::DoctorCheck::verdict);
  if (failed == report.checks.end()) return {};
  return fail(failed->name == "permission" ? Errc::kPermission : Errc::kNoKernelFeature,
              fmt::format("nothing can be traced here: {}: {}", failed->name, failed->remedy));
}

}  // namespace gomapd::app
