// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// docs/SUPPORT.md.
#pragma once

#include <string>
#include <vector>

#include "tests/matrix/results.h"

namespace gomapd::matrix {

// A program of others, as `gomapd inspect --json` sees it.
struct Inspected {
  std::string name;
  live::Json facts;          // null where it is not to be had
  std::string missing = {};  // why
};

// How the results came about.
struct Circumstances {
  std::string gomapd;   // "gomapd 0.1.0 (libbpf 1.4, kernel 6.18)"
  std::string machine;  // "two processors, ..."
  bool busy = false;    // another processor was kept busy
};

// Pure. Cells without a result are told as such.
std::string page(const Results& results, const std::vector<Inspected>& programs,
                 const Circumstances& circumstances);

}  // namespace gomapd::matrix
