// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/model/assign.h"

// What it would cost a process to be traced, from a short sample. Pure.
namespace gomapd::model {

// What windows saw of one process.
struct PriceSample {
  double seconds = 0;        // that the sample took, and …
  double cpu_ns = 0;         // … CPU time that the process used in them
  double probe_ns = 0;       // of which went to the sample itself
  double window_cpu_ns = 0;  // and was in windows
  std::uint64_t starts = 0;  // of growths, that were counted in them
  double growths = 0;        // that these stand for, in all the time
  std::optional<double> growths_error;
  // Of growths that were described: how many, and the old buckets that each of them
  // moves, which are hits at --detail buckets (0 of a Swiss map).
  double described = 0;
  double buckets = 0;
  double buckets_squared = 0;
  ProbeCost hit;  // of a probe that counts, as far as can be told in this program
};

// What one level of detail takes.
struct LevelPrice {
  double hits_per_second = 0;
  double overhead = 0;          // probe time ÷ CPU time, probes included
  std::optional<double> error;  // of it; not known from a few windows
};

struct Price {
  double growths_per_second = 0;
  std::optional<double> growths_error;
  // None was seen: no more than this, with 95 % confidence. Of a process that did not
  // run, nothing can be said, and all is 0.
  bool is_at_most = false;
  double cpus = 0;  // that the process keeps busy
  LevelPrice growth;
  LevelPrice buckets;
};

[[nodiscard]] Price price_of(const PriceSample& sample);

}  // namespace gomapd::model
