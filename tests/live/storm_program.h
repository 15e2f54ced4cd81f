// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>

#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/run.h"

namespace gomapd::live {

// A program of the storm's kind, and what it says of itself.
class StormProgram {
 public:
  explicit StormProgram(const std::filesystem::path& program) : child_({program.string()}) {}

  // Returns how many maps it has made by then.
  std::uint64_t tell(const std::string& command) {
    child_.feed(command + "\n");
    const auto answers = ++told_;
    std::uint64_t made = 0;
    EXPECT_TRUE(eventually([&] {
      std::istringstream lines(child_.output());
      std::size_t seen = 0;
      for (std::string word; lines >> word >> made && seen < answers;) ++seen;
      return seen == answers;
    })) << command;
    return made;
  }
  // What is not answered.
  void say(const std::string& command) { child_.feed(command + "\n"); }
  pid_t pid() const { return child_.pid(); }
  void quit() {
    child_.feed("quit\n");
    child_.wait();
  }

 private:
  Child child_;
  std::size_t told_ = 0;
};

}  // namespace gomapd::live
