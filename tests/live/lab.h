// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <gtest/gtest.h>

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/live/builds.h"

namespace gomapd::live {

// The newest toolchain at hand, for tests to which the version does not matter;
// of the design that was asked for.
std::optional<Build> any_classic();
std::optional<Build> any_swiss();
// Both, as far as they are at hand.
std::vector<Build> one_of_each_design();

std::filesystem::path gomapd_path();
std::filesystem::path source_folder();

// Why tracing can't be tested here at all; empty when it can.
std::string missing_for_tracing();

using Built = std::expected<std::filesystem::path, std::string>;
// The truth program, and any other folder with a package main.
Built build_truth(const Build& build);
Built build_go(const Build& build, const std::filesystem::path& package,
               const std::vector<std::string>& more_flags = {});
// The truth program, optimised by such a profile. Go 1.21 and later.
Built build_guided_truth(const Build& build, const Guide& guide);

// Go's own compiler of a version at hand: a real program, too.
std::filesystem::path compiler_path(const std::string& version);

// How often a test that compares exact numbers does so: GOMAPD_REPEAT.
int repetitions();

}  // namespace gomapd::live

// Skips the test, by name and with the reason, where it can't be run.
#define GOMAPD_LIVE_OR_SKIP()                                   \
  do {                                                          \
    const auto missing = ::gomapd::live::missing_for_tracing(); \
    if (!missing.empty()) GTEST_SKIP() << missing;              \
  } while (false)

#define GOMAPD_BUILD_OR_SKIP(build)                          \
  do {                                                       \
    const auto missing = ::gomapd::live::missing_for(build); \
    if (!missing.empty()) GTEST_SKIP() << missing;           \
  } while (false)
