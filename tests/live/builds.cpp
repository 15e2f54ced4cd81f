// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/builds.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "tests/live/run.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

// Go 1.15 cannot read DWARF 5, the default of gcc 11 and later.
std::vector<std::string> with_c() {
  return {"CGO_ENABLED=1", "CGO_CFLAGS=-g -O2 -gdwarf-4"};
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> kAll = {
      {.way = Way::kPlain, .name = "plain", .title = "`-trimpath`"},
      {.way = Way::kStripped,
       .name = "stripped",
       .title = "`-ldflags='-s -w'`",
       .flags = {"-ldflags=-s -w"}},
      {.way = Way::kUntrimmed,
       .name = "untrimmed",
       .title = "without `-trimpath`",
       .flags = {"-trimpath=false"}},
      {.way = Way::kPie, .name = "pie", .title = "`-buildmode=pie`", .flags = {"-buildmode=pie"}},
      {.way = Way::kCgo,
       .name = "cgo",
       .title = "cgo, linked by gcc",
       .flags = {"-tags=truth_cgo", "-ldflags=-linkmode=external"},
       .environment = with_c()},
      {.way = Way::kCgoStatic,
       .name = "cgo_static",
       .title = "cgo, static",
       .flags = {"-tags=truth_cgo", "-ldflags=-linkmode=external -extldflags=-static"},
       .environment = with_c()},
      {.way = Way::kCgoPieLld,
       .name = "cgo_pie_lld",
       .title = "cgo, PIE, linked by lld",
       .flags = {"-tags=truth_cgo", "-buildmode=pie",
                 "-ldflags=-linkmode=external -extldflags=-fuse-ld=lld"},
       .environment = with_c()},
      {.way = Way::kNoInlining,
       .name = "no_inlining",
       .title = "`-gcflags=all=-l`",
       .flags = {"-gcflags=all=-l"}},
      {.way = Way::kNoOptimisation,
       .name = "no_optimisation",
       .title = "`-gcflags='all=-N -l'`",
       .flags = {"-gcflags=all=-N -l"}},
      {.way = Way::kRace,
       .name = "race",
       .title = "`-race`",
       .flags = {"-race"},
       .environment = with_c()},
      {.way = Way::kGuidedSmall,
       .name = "guided_small",
       .title = "`-pgo`, profile of small maps",
       .guide = {"9", "siwpta"}},
      {.way = Way::kGuidedLarge,
       .name = "guided_large",
       .title = "`-pgo`, profile of large maps",
       .guide = {"3000", "siwpta"}},
      {.way = Way::kNoSections, .name = "no_sections", .title = "section headers cut off"},
      {.way = Way::kAmd64V3,
       .name = "amd64_v3",
       .title = "`GOAMD64=v3`",
       .environment = {"GOAMD64=v3"}},
  };
  return kAll;
}

bool on_path(const std::string& program) {
  const char* path = getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

// Until Go 1.20 one file, then one for each level of GOAMD64.
bool has_race_detector(const fs::path& root) {
  const auto folder = root / "src" / "runtime" / "race";
  return fs::exists(folder / "race_linux_amd64.syso") ||
         fs::exists(folder / "internal" / "amd64v1" / "race_linux.syso");
}

bool processor_has_v3() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

std::string missing_for_way(const Build& build, const fs::path& root) {
  const auto& way = recipe(build.way);
  if (way.environment == with_c() && !on_path("gcc")) return "no gcc: apt-get install gcc";
  if (build.way == Way::kCgoPieLld && !on_path("ld.lld")) return "no lld: apt-get install lld";
  if (build.way == Way::kRace && !has_race_detector(root))
    return "this toolchain comes without the race detector";
  if (!way.guide.keys.empty() && minor_of(build) < 21)
    return "profile-guided builds came with Go 1.21";
  if (build.way != Way::kAmd64V3) return "";
  if (minor_of(build) < 18) return "GOAMD64 came with Go 1.18";
  return processor_has_v3() ? "" : "this processor is older than x86-64-v3";
}

}  // namespace

const Recipe& recipe(Way way) {
  return *std::ranges::find(recipes(), way, &Recipe::way);
}

std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const auto& each : recipes()) ways.push_back(each.way);
  return ways;
}

std::string name_of(const Build& build) {
  auto name = "go" + build.version;
  std::ranges::replace(name, '.', '_');
  if (!build.experiment.empty()) name += "_" + build.experiment;
  if (build.way != Way::kPlain) name += std::string("_") + recipe(build.way).name;
  return name;
}

std::ostream& operator<<(std::ostream& out, const Build& build) {
  return out << name_of(build);
}

int minor_of(const Build& build) {
  return std::stoi(build.version.substr(build.version.find('.') + 1));
}

bool has_classic_maps(const Build& build) {
  return minor_of(build) < 24 || build.experiment == "noswissmap";
}

std::vector<Build> plain_builds() {
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

std::vector<Build> common_builds() {
  std::vector<Build> builds;
  for (auto build : plain_builds()) {
    for (const auto way : {Way::kPlain, Way::kStripped, Way::kPie}) {
      build.way = way;
      builds.push_back(build);
    }
  }
  return builds;
}

std::vector<Build> uncommon_builds() {
  std::vector<Build> builds;
  bool outermost = false;
  for (const auto way : all_ways()) {
    if (way == Way::kPlain || way == Way::kStripped || way == Way::kPie) continue;
    if (!recipe(way).guide.keys.empty()) continue;  // profile_guided_test.cpp has more of them
    // By turns; Go 1.15 knows no GOAMD64.
    outermost = !outermost && way != Way::kAmd64V3;
    builds.push_back({outermost ? "1.15" : "1.23", "", way});
    builds.push_back({outermost ? "1.27" : "1.24", "", way});
  }
  return builds;
}

std::vector<Build> whole_matrix() {
  std::vector<Build> builds;
  for (const auto way : all_ways()) {
    for (auto build : plain_builds()) {
      build.way = way;
      builds.push_back(build);
    }
  }
  return builds;
}

std::string missing_for(const Build& build) {
  const auto root = test::go_root(build.version);
  if (!root)
    return "no Go " + build.version + ": scripts/go-toolchains.sh " + build.version + " fetches it";
  return missing_for_way(build, *root);
}

fs::path without_sections(const fs::path& program) {
  const auto folder = program.parent_path() / "no_sections";
  auto copy = folder / program.filename();
  if (fs::exists(copy)) return copy;
  auto bytes = read_file(program);
  Elf64_Ehdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  size_t end = sizeof header;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    end = std::max(end, static_cast<size_t>(segment.p_offset + segment.p_filesz));
  }
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shentsize = 0;
  header.e_shstrndx = SHN_UNDEF;
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.resize(std::min(bytes.size(), end));
  fs::create_directories(folder);
  const auto unfinished = folder / ("unfinished." + std::to_string(getpid()));
  write_file(unfinished, bytes);
  fs::permissions(unfinished, fs::perms(0755));
  fs::rename(unfinished, copy);
  return copy;
}

}  // namespace gomapd::live
