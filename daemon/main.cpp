// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <unistd.h>

#include <new>
#include <string_view>

#include "daemon/cli/command_line.h"

namespace {

// There is nothing to free: one line instead of an abort. The kernel takes probes out.
void out_of_memory() {
  constexpr std::string_view kLine = "gomapd: out of memory\n";
  (void)!write(STDERR_FILENO, kLine.data(), kLine.size());
  _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  std::set_new_handler(out_of_memory);
  return gomapd::cli::run(argc, argv);
}
