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

std::vector<Build> designs() {
  return {{"1.15"},
          {"1.19"},
          {"1.21"},
          {"1.22"},
          {"1.23"},
          {"1.24"},
          {"1.24", "noswissmap"},
          {"1.25"},
          {"1.25", "noswissmap"},
          {"1.26"},
          {"1.27"}};
}

std::optional<Build> first_at_hand(std::initializer_list<const char*> versions) {
  for (const char* version : versions) {
    Build build{version};
    if (missing_for(build).empty()) return build;
  }
  return std::nullopt;
}

std::string suffix(Link link) {
  switch (link) {
    case Link::kPlain: return "";
    case Link::kStripped: return "_stripped";
    case Link::kPie: return "_pie";
  }
  return "";
}

}  // namespace

std::string name_of(const Build& build) {
  auto name = "go" + build.version;
  std::ranges::replace(name, '.', '_');
  if (!build.experiment.empty()) name += "_" + build.experiment;
  return name + suffix(build.link);
}

std::ostream& operator<<(std::ostream& out, const Build& build) {
  return out << name_of(build);
}

std::vector<Build> plain_builds() {
  return designs();
}

std::vector<Build> all_builds() {
  std::vector<Build> builds;
  for (const auto& design : designs()) {
    for (const auto link : {Link::kPlain, Link::kStripped, Link::kPie}) {
      builds.push_back(design);
      builds.back().link = link;
    }
  }
  return builds;
}

std::optional<Build> any_classic() {
  return first_at_hand({"1.23", "1.22", "1.21", "1.19", "1.15"});
}
std::optional<Build> any_swiss() {
  return first_at_hand({"1.26", "1.27", "1.25", "1.24"});
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

std::string missing_for(const Build& build) {
  if (test::go_root(build.version)) return "";
  return "no Go " + build.version + ": scripts/go-toolchains.sh " + build.version + " fetches it";
}

Built build_go(const Build& build, const fs::path& package,
               const std::vector<std::string>& more_flags) {
  const auto root = test::go_root(build.version);
  if (!root) return std::unexpected(missing_for(build));
  auto flags = more_flags;
  if (build.link == Link::kStripped) flags.emplace_back("-ldflags=-s -w");
  if (build.link == Link::kPie) flags.emplace_back("-buildmode=pie");
  auto built = test::build_go_program(*root, package, flags,
                                      {"CGO_ENABLED=0", "GOEXPERIMENT=" + build.experiment});
  if (!built) return std::unexpected(built.error().context);
  return *built;
}

Built build_truth(const Build& build) {
  return build_go(build, source_folder() / "tests" / "truth");
}

// The profile is kept: a build from a new one would compile the standard library
// anew each time.
Built build_guided_truth(const Build& build, const Guide& guide) {
  const auto folder =
      test::cache_folder() / "profiles" / (name_of(build) + "_" + guide.keys + guide.types);
  const auto profile = folder / "cpu.pprof";
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (!fs::exists(folder / "complete")) {
    const auto recorder = build_go(build, source_folder() / "tests" / "live" / "go" / "guide");
    if (!recorder) return recorder;
    const auto recorded = run({*recorder, profile, guide.keys, guide.types});
    if (recorded.ending.code != 0) return std::unexpected("no profile: " + recorded.errors);
    write_file(folder / "complete", "");
  }
  return build_go(build, source_folder() / "tests" / "truth", {"-pgo=" + profile.string()});
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
