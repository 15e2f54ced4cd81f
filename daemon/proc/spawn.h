// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/proc/file.h"

namespace gomapd::proc {

// Where the child's standard output goes.
enum class Output : std::uint8_t { kInherit, kToStandardError };

// A command that has been forked and waits before its execve, so that probes
// can be attached before its first instruction. When this value dies before
// start(), the child ends without having run; after it, the child runs on.
class Child {
 public:
  [[nodiscard]] static Result<Child> prepare(std::string executable,
                                             std::vector<std::string> arguments, Output output);

  Child(Child&&) noexcept = default;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }

  // Lets it call execve and waits until that is done; the error of execve if it
  // failed.
  [[nodiscard]] Result<void> start();

  // Its wait status when it has ended; reaps it.
  [[nodiscard]] std::optional<int> poll_status();
  // SIGTERM, and SIGKILL when it still runs after `grace`.
  void terminate(std::chrono::milliseconds grace);

 private:
  Child() = default;

  pid_t pid_ = -1;
  Fd go_;       // writing to it lets the child go on
  Fd failure_;  // execve's errno comes here; closed by a successful execve
  std::optional<int> status_;
};

}  // namespace gomapd::proc
