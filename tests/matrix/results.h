// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What is known of each cell: kept in a file of JSON Lines, one for each run, so
// that a matrix that was interrupted goes on where it stopped.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "tests/matrix/run.h"

namespace gomapd::matrix {

// The runs of one cell, added up.
struct Sum {
  Verdict verdict = Verdict::kExact;  // the worst
  int runs = 0;                       // exact ones
  std::int64_t compared = 0;          // in these
  std::string why = {};
};
void add(Sum& sum, const Outcome& outcome);

// The name of a build, and what was compared.
using CellName = std::pair<std::string, Detail>;

class Results {
 public:
  // Reads what the file says of this very `gomapd` (a hash of its bytes); what it
  // says of others, and lines that are none, do not count. The file need not exist.
  Results(std::filesystem::path file, std::string gomapd);

  // Of this program; what was found with another is forgotten.
  const Sum* find(const CellName& cell, const std::string& program) const;
  // Of whichever program was run last.
  const Sum* find(const CellName& cell) const;
  // Keeps a run, in the file first. False where it can't be written.
  bool add(const CellName& cell, const std::string& program, const Outcome& outcome);

 private:
  struct Entry {
    std::string program;
    Sum sum;
  };
  void count(const CellName& cell, const std::string& program, const Outcome& outcome);

  std::filesystem::path file_;
  std::string gomapd_;
  std::map<CellName, Entry> entries_;
};

}  // namespace gomapd::matrix
