// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/programs.h"

#include <chrono>

#include "tests/live/lab.h"
#include "tests/live/run.h"

namespace gomapd::matrix {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Inspected inspect(std::string name, const std::filesystem::path& program) {
  const auto inspected = live::run({live::gomapd_path(), "inspect", "--json", program});
  auto facts = live::Json::parse(inspected.output, nullptr, false);
  if (!facts.is_object())
    return {.name = std::move(name), .facts = {}, .missing = first_line(inspected.errors)};
  return {.name = std::move(name), .facts = std::move(facts)};
}

Inspected inspect_target(const std::string& name) {
  live::Child fetch({live::source_folder() / "scripts" / "targets.sh", name});
  const auto ending = fetch.wait(std::chrono::minutes(10));
  const auto line = first_line(fetch.output());
  const auto blank = line.find(' ');
  if (ending.code != 0 || blank == std::string::npos)
    return {.name = name, .facts = {}, .missing = first_line(fetch.errors())};
  return inspect(name, line.substr(blank + 1));
}

}  // namespace

std::vector<Inspected> inspect_programs() {
  std::vector<Inspected> programs;
  for (const char* name :
       {"esbuild-0.11.11", "esbuild-0.13.15", "esbuild-0.14.33", "turbo", "prometheus", "etcd",
        "hugo", "esbuild-0.17.11", "miller", "kubectl", "caddy", "esbuild-0.28.2", "nats-server"})
    programs.push_back(inspect_target(name));
  std::string previous;
  for (const auto& build : live::plain_builds()) {
    if (build.version == previous || !live::missing_for(build).empty()) continue;
    previous = build.version;
    programs.push_back(
        inspect("Go " + build.version + "'s `compile`", live::compiler_path(build.version)));
  }
  return programs;
}

}  // namespace gomapd::matrix
