// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/live/report.h"
#include "tests/live/run.h"

namespace gomapd::live {

using Arguments = std::vector<std::string>;

// How one `gomapd trace --json -o FILE ...` went.
struct Traced {
  Finished gomapd;
  Report report;
  Json truth;  // null where the program told none
};

// Traces `program -out FILE arguments...` from its first instruction.
Traced trace_command(const std::filesystem::path& program, const Arguments& arguments,
                     const Arguments& options = {});

// All that is wrong with a trace of the truth program: it failed, its form is
// wrong, or it tells something else than the program counted.
Problems check_exact(const Traced& traced, const Report& baseline = {});

// The truth program, told to wait for us before it works and before it exits,
// and gomapd attached to it.
class Attached {
 public:
  Attached(const std::filesystem::path& program, const Arguments& arguments,
           const Arguments& options = {});
  // Started by a command that ends in an execve of the program with what follows
  // the command: the PID stays the same.
  Attached(const Arguments& command, const Arguments& arguments, const Arguments& options = {});
  // Empty when gomapd traces and the program waits.
  const std::string& failure() const { return failure_; }

  Child& program() { return program_; }
  Child& gomapd() { return gomapd_; }
  // Lets the program work; true once it has told its truth. It then still lives.
  bool work();
  // Lets the program exit.
  Ending leave();
  // Waits for gomapd's end and reads what it found.
  Traced finish();

 private:
  ScratchFolder folder_;
  std::string failure_;
  Child program_;
  Child gomapd_;
};

// Growths in package initialisers before main. Only Go 1.15 has any in the truth
// program (unicode.init); an empty report elsewhere.
Report baseline_of(const std::filesystem::path& program, const std::string& version);

}  // namespace gomapd::live
