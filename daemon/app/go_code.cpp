// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/go_code.h"

#include <fmt/core.h>

#include <vector>

#include "daemon/analyst/analyst.h"
#include "daemon/proc/libraries.h"
#include "probes/go/releases.h"

namespace gomapd::app {
namespace {

Result<bool> holds_go_code(analyst::Workshop& workshop, const proc::File& file) {
  return analyst::Analyst(&workshop, file.fd()).holds_go_code();
}

}  // namespace

// Before Go 1.17 code finds its g in thread-local storage, whose place a library
// learns only when it is loaded.
Result<void> check_library_version(const std::string& version, const std::string& path) {
  const auto parsed = go::parse_version(version);
  if (!parsed || parsed->minor >= go::kRegisterAbiMinor) return {};
  return fail(
      Errc::kUnsupported,
      fmt::format("can't be traced: its Go library {} was built by {}; of libraries, Go 1.{} "
                  "and later can be",
                  path, version, go::kRegisterAbiMinor));
}

Result<GoCode> take_go_code(analyst::Workshop& workshop, proc::Process& process) {
  const auto in_executable = holds_go_code(workshop, process.file);
  // Whoever wants its plan gets the reason if that can't be told.
  if (!in_executable || *in_executable) return GoCode{{}, std::move(process.file)};
  std::vector<proc::Library> found;
  for (auto& library : proc::open_libraries(process.pid, process.file))
    if (TRY(holds_go_code(workshop, library.file))) found.push_back(std::move(library));
  if (found.empty()) return GoCode{{}, std::move(process.file)};
  if (found.size() > 1)
    return fail(Errc::kUnsupported,
                fmt::format("process {} ({}): can't be traced: it has loaded {} Go libraries ({}, "
                            "{}{}), each with a runtime of its own",
                            process.pid, process.exe, found.size(), found[0].path, found[1].path,
                            found.size() > 2 ? ", …" : ""));
  auto& library = found.front();
  if (const auto plan = analyst::Analyst(&workshop, library.file.fd()).plan();
      plan && plan->refusal.empty()) {
    const auto checked = check_library_version(plan->build_info.version, library.path);
    if (!checked)
      return add_context(fmt::format("process {} ({})", process.pid, process.exe), checked.error());
  }
  return GoCode{std::move(library.path), std::move(library.file)};
}

}  // namespace gomapd::app
