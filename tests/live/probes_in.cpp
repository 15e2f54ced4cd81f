// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/probes_in.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/live/lab.h"
#include "tests/live/run.h"

namespace gomapd::live {
namespace {

// `inspect` may print addresses as strings, as all JSON of gomapd does.
uint64_t number(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>(), nullptr, 0)
                           : value.get<uint64_t>();
}

}  // namespace

Breakpoints breakpoints_in(pid_t pid, const std::filesystem::path& program) {
  Breakpoints result;
  const auto inspected = run({gomapd_path(), "inspect", "--json", program});
  const auto plan = nlohmann::json::parse(inspected.output, nullptr, false);
  if (!plan.is_object() || !plan.contains("probe_sites") || plan["probe_sites"].empty()) {
    result.failure = "inspect names no probe sites: " + inspected.output + inspected.errors;
    return result;
  }
  const auto file = read_file(program);
  const int memory = open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  result.changed = 0;
  for (const auto& site : plan["probe_sites"]) {
    // Moved buckets are probed at their own level of detail only.
    if (site["role"] == "evacuate") continue;
    char there = 0;
    const auto address = static_cast<off_t>(number(site["address"]));
    if (pread(memory, &there, 1, address) != 1) {
      result.failure = "cannot read the process's memory";
      result.changed = -1;
      break;
    }
    const int changed = there == file.at(number(site["file_offset"])) ? 0 : 1;
    if (site["role"] == "assign") {
      result.assigns_changed += changed;
      continue;
    }
    ++result.sites;
    result.changed += changed;
  }
  close(memory);
  return result;
}

}  // namespace gomapd::live
