// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "probes/elf/image.h"

namespace gomapd::test {

// A built program: its bytes, and their image. Moving it keeps both valid.
struct LoadedProgram {
  std::filesystem::path path;
  std::vector<std::byte> bytes;
  elf::Image image;
};

[[nodiscard]] Result<LoadedProgram> load_program(const std::filesystem::path& path);

// Lines of `text`, and a line's parts between tabs.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

}  // namespace gomapd::test
