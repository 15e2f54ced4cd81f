// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The ways in which users build Go programs, and what each needs.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace gomapd::live {

enum class Way {
  kPlain,
  kStripped,
  kUntrimmed,
  kPie,
  kCgo,
  kCgoStatic,
  kCgoPieLld,
  kNoInlining,
  kNoOptimisation,
  kRace,
  kGuidedSmall,
  kGuidedLarge,
  kNoSections,
  kAmd64V3,
};

// One way to build a Go program.
struct Build {
  std::string version;          // "1.23"
  std::string experiment = {};  // GOEXPERIMENT
  Way way = Way::kPlain;
};

// What grew while a profile was taken: maps of so many keys of these types (the
// arguments of go/guide).
struct Guide {
  std::string keys;
  std::string types;
};

// What a way adds to a plain, trimmed build without cgo.
struct Recipe {
  Way way;
  const char* name;   // as part of a test's name: "pie"
  const char* title;  // in Markdown, for people
  std::vector<std::string> flags = {};
  std::vector<std::string> environment = {};
  Guide guide = {};  // profile-guided unless empty
};
const Recipe& recipe(Way way);
std::vector<Way> all_ways();

// As part of a test's name: "go1_24_noswissmap_pie".
std::string name_of(const Build& build);
std::ostream& operator<<(std::ostream& out, const Build& build);

// N of Go 1.N.
int minor_of(const Build& build);
bool has_classic_maps(const Build& build);

// Every Go version and map design, built plainly; and in the three ways that
// most programs are.
std::vector<Build> plain_builds();
std::vector<Build> common_builds();
// The other ways, each with one toolchain of either design: by turns the oldest and
// the newest of all, and the two at the change of design.
std::vector<Build> uncommon_builds();
// Every version and design in every way, the versions of one way together.
std::vector<Build> whole_matrix();

// Why nothing can be built this way here; empty when it can.
std::string missing_for(const Build& build);

// A copy of a program, beside it, in which only what is loaded is left: no section
// headers, no symbols, as `sstrip` or `strip --strip-section-headers` leave it.
std::filesystem::path without_sections(const std::filesystem::path& program);

}  // namespace gomapd::live
