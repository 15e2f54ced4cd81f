// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "daemon/proc/file.h"

namespace gomapd::proc {

// A file that a process has mapped to run code from it.
struct MappedCode {
  std::string range;  // of its first executable mapping: "7f12a0000000-7f12a0010000"
  std::string path;   // as the process sees it, " (deleted)" taken off
  std::string file;   // device and inode as the kernel writes them there: "fd:00 1234"
};

// The files of the executable mappings in the text of /proc/PID/maps, each once,
// in the order of their addresses; at most 1024.
[[nodiscard]] std::vector<MappedCode> parse_mapped_code(std::string_view maps);

// Those of process `pid`, as far as the first MiB of the text tells of them; none when it
// has gone.
[[nodiscard]] std::vector<MappedCode> mapped_code_of(pid_t pid);

// The file that process `pid` has mapped there.
[[nodiscard]] Result<File> open_mapped(pid_t pid, const MappedCode& code);

// A library that a process has loaded, as it was mapped: replaced or deleted
// since, in another mount namespace or not.
struct Library {
  std::string path;
  File file;
};

// The libraries from which process `pid` may run code, its executable not among
// them; those that can't be opened are left out. Empty when the process has gone.
[[nodiscard]] std::vector<Library> open_libraries(pid_t pid, const File& executable);

}  // namespace gomapd::proc
