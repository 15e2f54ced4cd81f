// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/support/go_program.h"

#include "tests/support/go_build.h"

namespace gomapd::test {

Result<LoadedProgram> load_program(const std::filesystem::path& path) {
  LoadedProgram program;
  program.path = path;
  program.bytes = TRY(read_file(path));
  program.image = TRY(elf::Image::parse(program.bytes));
  return program;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(separator));
    parts.emplace_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

}  // namespace gomapd::test
