// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/lab.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "tests/live/run.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<Build> first_at_hand(std::initializer_list<const char*> versions) {
  for (const char* version : versions) {
    Build build{version};
    if (missing_for(build).empty()) return build;
  }
  return std::nullopt;
}

// Records which of the runtime's functions are hot. Kept: a build from a new one
// would compile the standard library anew each time.
Built profile_for(Build build, const Guide& guide) {
  build.way = Way::kPlain;
  const auto folder =
      test::cache_folder() / "profiles" / (name_of(build) + "_" + guide.keys + guide.types);
  auto profile = folder / "cpu.pprof";
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (fs::exists(folder / "complete")) return profile;
  const auto recorder = build_go(build, source_folder() / "tests" / "live" / "go" / "guide");
  if (!recorder) return recorder;
  const auto recorded = run({*recorder, profile, guide.keys, guide.types});
  if (recorded.ending.code != 0) return std::unexpected("no profile: " + recorded.errors);
  write_file(folder / "complete", "");
  return profile;
}

}  // namespace

std::optional<Build> any_classic() {
  return first_at_hand({"1.23", "1.22", "1.21", "1.19", "1.15"});
}
std::optional<Build> any_swiss() {
  return first_at_hand({"1.26", "1.27", "1.25", "1.24"});
}

std::vector<Build> one_of_each_design() {
  std::vector<Build> builds;
  for (const auto& build : {any_classic(), any_swiss()})
    if (build) builds.push_back(*build);
  return builds;
}

fs::path gomapd_path() {
  if (const auto path = variable("GOMAPD_BIN"); !path.empty()) return fs::absolute(path);
  return GOMAPD_BINARY;
}

fs::path source_folder() {
  return GOMAPD_SOURCE_FOLDER;
}

std::string missing_for_tracing() {
  if (access(gomapd_path().c_str(), X_OK) != 0) {
    return "no gomapd at " + gomapd_path().string() + ": build it, or set GOMAPD_BIN";
  }
  if (geteuid() != 0) return "tracing needs root";
  if (access("/sys/fs/bpf", F_OK) != 0) return "this kernel has no BPF";
  return "";
}

Built build_go(const Build& build, const fs::path& package,
               const std::vector<std::string>& more_flags) {
  if (auto missing = missing_for(build); !missing.empty()) return std::unexpected(missing);
  const auto& way = recipe(build.way);
  auto flags = way.flags;
  flags.insert(flags.end(), more_flags.begin(), more_flags.end());
  if (!way.guide.keys.empty()) {
    const auto profile = profile_for(build, way.guide);
    if (!profile) return profile;
    flags.push_back("-pgo=" + profile->string());
  }
  auto environment = way.environment;
  const bool with_c = std::ranges::count(environment, "CGO_ENABLED=1") > 0;
  if (!with_c) environment.emplace_back("CGO_ENABLED=0");
  environment.push_back("GOEXPERIMENT=" + build.experiment);
  auto built = test::build_go_program(test::go_root(build.version).value_or(""), package, flags,
                                      environment);
  if (!built) return std::unexpected(built.error().context);
  return build.way == Way::kNoSections ? without_sections(*built) : *built;
}

Built build_truth(const Build& build) {
  return build_go(build, source_folder() / "tests" / "truth");
}

Built build_guided_truth(const Build& build, const Guide& guide) {
  const auto profile = profile_for(build, guide);
  if (!profile) return profile;
  return build_go(build, source_folder() / "tests" / "truth", {"-pgo=" + profile->string()});
}

fs::path compiler_path(const std::string& version) {
  const auto tools = test::go_root(version).value_or("") / "pkg" / "tool";
  std::error_code failed;
  for (const auto& platform : fs::directory_iterator(tools, failed)) {
    if (fs::exists(platform.path() / "compile")) return platform.path() / "compile";
  }
  return {};
}

int repetitions() {
  return std::max(1, atoi(variable("GOMAPD_REPEAT").c_str()));
}

}  // namespace gomapd::live
