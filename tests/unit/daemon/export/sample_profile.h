// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {

// The sample report with stacks whose growths, bytes and times add up to its
// summary; the report points into this value.
struct SampleProfile {
  model::TypeInfo entries{"map[string]*main.entry", {}};
  model::TypeInfo unknown_type;
  // Two calls inlined into main.serve, at one address.
  model::Stack put{{"main.(*cache).put", "/src/server/cache.go", 214, true, 0x401010},
                   {"main.update[...]", "/src/server/cache.go", 90, true, 0x401010},
                   {"main.serve", "/src/server/main.go", 30, false, 0x401010},
                   {"runtime.main", "/go/src/runtime/proc.go", 283, false, 0x402020}};
  model::Stack build{
      {"github.com/example/worker/internal/index.Build", "/src/worker/index.go", 17, false,
       0x401010},
      {"", "", 0, false, 0x7fff0000},
      {"main.main", "/src/worker/main.go", 5, false, 0x401080, false, /*callers_missing=*/true}};
  model::Stack none;
  TraceReport report = sample_report();

  SampleProfile() {
    report.began_ns = 1'700'000'000'000'000'000;
    auto& processes = report.summary.processes;
    processes[0].process.build_id = "abc123";
    processes[0].process.text_address = 0x401000;
    processes[0].process.text_size = 0x2000;
    processes[0].process.text_file_offset = 0x1000;
    report.summary.stacks = {
        {41, &entries, &put, {.started = 1140, .finished = 1138}, {4'000'000, 7'000'000, 900'000}},
        {42, &unknown_type, &build, {.started = 90, .finished = 90}, {1'000'000, 200'000, 50'000}},
        {42, &entries, &none, {.started = 10, .finished = 10}, {0, 0, 0}}};
  }
  SampleProfile(const SampleProfile&) = delete;
  SampleProfile& operator=(const SampleProfile&) = delete;
};

}  // namespace gomapd::exporter
