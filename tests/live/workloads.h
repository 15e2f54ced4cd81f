// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace gomapd::live {

// A Go program that this project did not write, and work for it that ends by
// itself within seconds.
struct Target {
  std::string name;  // as scripts/targets.sh knows it
  std::string design;
  double keys_per_bucket;  // classic maps' load factor
  // Writes the input into the folder and returns the arguments.
  std::vector<std::string> (*prepare)(const std::filesystem::path& folder);
  std::string beside = {};       // another executable in the same folder
  std::string compiler_of = {};  // it is the compiler of this Go version instead
};
std::ostream& operator<<(std::ostream& out, const Target& target);

std::vector<Target> targets();

}  // namespace gomapd::live
