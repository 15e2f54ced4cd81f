// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// One run of one cell of the matrix: the truth program, built by one toolchain in
// one way, under `gomapd trace`.
#pragma once

#include <string>

#include "tests/live/builds.h"
#include "tests/live/report.h"

namespace gomapd::matrix {

enum class Verdict {
  kExact,
  kRefused,      // gomapd said why it does not trace it
  kUnavailable,  // it can't be built here
  kWrong,        // another number than the program's, or a failure
};

// What is compared: every growth, or with `--detail buckets` every moved bucket.
enum class Detail { kGrowth, kBuckets };

struct Outcome {
  Verdict verdict = Verdict::kWrong;
  std::int64_t compared = 0;  // growths or buckets, all of them the same
  std::string why = {};       // one line unless wrong
};

// The names in the file of results.
const char* to_string(Verdict verdict);
const char* to_string(Detail detail);

// A cell whose programs are built, or cannot be.
class Cell {
 public:
  // Builds what `detail` needs; takes minutes where nothing is in the cache.
  Cell(const live::Build& build, Detail detail);

  // Empty unless nothing can be run.
  const std::string& unavailable() const { return unavailable_; }
  const std::filesystem::path& program() const { return program_; }
  Outcome run() const;

 private:
  Outcome run_growth() const;
  Outcome run_buckets() const;

  Detail detail_;
  std::string unavailable_;
  std::filesystem::path program_;
  live::Report baseline_;
};

}  // namespace gomapd::matrix
