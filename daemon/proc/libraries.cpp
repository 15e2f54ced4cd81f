// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/libraries.h"

#include <fmt/core.h>

#include <algorithm>

#include "daemon/proc/small_file.h"

namespace gomapd::proc {
namespace {

constexpr std::size_t kMaxFiles = 1024;
constexpr std::size_t kMaxMaps = 1U << 20U;

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

// "7f12a0000000-7f12a0010000 r-xp 00001000 fd:00 1234    /usr/lib/x.so": proc(5)
std::vector<MappedCode> parse_mapped_code(std::string_view maps) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::vector<MappedCode> files;
  while (!maps.empty() && files.size() < kMaxFiles) {
    auto line = maps.substr(0, maps.find('\n'));
    maps.remove_prefix(std::min(line.size() + 1, maps.size()));
    const auto range = take_word(line);
    const auto rights = take_word(line);
    (void)take_word(line);  // offset
    const auto device = take_word(line);
    const auto inode = take_word(line);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (rights.size() < 3 || rights[2] != 'x' || !line.starts_with('/')) continue;
    if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());
    if (std::ranges::find(files, line, &MappedCode::path) != files.end()) continue;
    files.push_back({std::string(range), std::string(line), fmt::format("{} {}", device, inode)});
  }
  return files;
}

std::vector<MappedCode> mapped_code_of(pid_t pid) {
  const auto maps = read_small_file(fmt::format("/proc/{}/maps", pid), kMaxMaps);
  return maps ? parse_mapped_code(*maps) : std::vector<MappedCode>{};
}

Result<File> open_mapped(pid_t pid, const MappedCode& code) {
  // The mapping itself, whatever lies at its path by now.
  auto file = File::open(fmt::format("/proc/{}/map_files/{}", pid, code.range));
  // Only with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN: linux fs/proc/base.c,
  // proc_map_files_get_link.
  if (!file) file = File::open(fmt::format("/proc/{}/root{}", pid, code.path));
  return file;
}

std::vector<Library> open_libraries(pid_t pid, const File& executable) {
  std::vector<Library> libraries;
  for (auto& code : mapped_code_of(pid)) {
    auto file = open_mapped(pid, code);
    if (file && file->id() != executable.id())
      libraries.push_back({std::move(code.path), *std::move(file)});
  }
  return libraries;
}

}  // namespace gomapd::proc
