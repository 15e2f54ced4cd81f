// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/result.h"

namespace gomapd::test {

// The folder that scripts/go-toolchains.sh fills: GOMAPD_CACHE, else
// $XDG_CACHE_HOME/gomapd, else ~/.cache/gomapd.
[[nodiscard]] std::filesystem::path cache_folder();

// GOROOT of the Go toolchain `minor` ("1.23"), if it was fetched:
// scripts/go-toolchains.sh 1.23
[[nodiscard]] std::optional<std::filesystem::path> go_root(std::string_view minor);

// All toolchains at hand of those that the tests know, oldest first.
[[nodiscard]] std::vector<std::string> go_minors();

// Builds the program (package main) in `source_folder` and returns the path of
// the executable. It is kept in the cache and built again only when toolchain,
// sources, flags or environment differ. `flags` go to `go build`, `env` are
// NAME=value pairs ("GOEXPERIMENT=noswissmap"); modules are off, no network is
// used, paths are trimmed. The error holds the compiler's last line.
[[nodiscard]] Result<std::filesystem::path> build_go_program(
    const std::filesystem::path& go_root, const std::filesystem::path& source_folder,
    const std::vector<std::string>& flags = {}, const std::vector<std::string>& env = {});

// Runs `command` without a shell and returns what it wrote to stdout; an error
// with the exit status, and the end of the output, when it fails.
[[nodiscard]] Result<std::string> run(const std::vector<std::string>& command,
                                      const std::vector<std::string>& env = {});

// The bytes of a file, or an error.
[[nodiscard]] Result<std::vector<std::byte>> read_file(const std::filesystem::path& path);

}  // namespace gomapd::test
