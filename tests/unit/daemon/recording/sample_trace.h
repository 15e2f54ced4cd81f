// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <vector>

#include "daemon/export/json.h"
#include "daemon/recording/decoder.h"
#include "daemon/recording/encoder.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::recording {

inline constexpr std::int64_t kOffset = 1'700'000'000'000'000'000;

// Types and stacks that events of tests point to.
struct Facts {
  model::TypeInfo named{"map[string]*main.entry", {208, model::Scan::kPointers, {23, 4}}};
  model::TypeInfo nameless{std::nullopt, {}};
  model::Stack deep{{"main.(*cache).put", "/src/cache.go", 214, true, 0x401000},
                    {"main.serve", "/src/main.go", 99, false, 0x401000},
                    {"", "", 0, false, 0x7f0000000001, false, true}};
  model::Stack shallow{{"runtime.mapassign", "/go/map.go", 9, false, 0x403000, true},
                       {"main.serve", "/src/main.go", 99, false, 0x401000},
                       {"main.init", "/src/main.go", -1, false, 0x402000}};
  model::Stack none;
  model::Process server{41, "/usr/bin/server", "go1.23.4", go::Design::kClassic};
  model::Process worker{
      42, "/usr/bin/worker", "go1.24.1", go::Design::kSwiss, "go1.27", "ab12", 0x400000, 4096, 512};

  // Every sort of event, with values at the borders.
  [[nodiscard]] std::vector<model::GrowthEvent> events() const {
    model::GrowthEvent started;
    started.monotonic_ns = 5'000'000'000;
    started.pid = 41;
    started.tid = 4100;
    started.goid = 7;
    started.address = 0xc000012345;
    started.identity = 0xfedcba9876543210;
    started.kind = GM_KIND_DOUBLE;
    started.keys = started.go_map_keys = 13;
    started.sizes = {2, 4, 832};
    started.overflow_buckets = 3;
    started.type = &named;
    started.stack = &deep;
    auto finished = started;
    finished.what = GM_RECORD_FINISHED;
    finished.monotonic_ns += 900;
    finished.tid = 4101;
    finished.duration_ns = 900;
    auto largest = started;
    largest.monotonic_ns = UINT64_MAX;
    largest.pid = largest.tid = UINT32_MAX;
    largest.goid = largest.address = largest.identity = UINT64_MAX;
    largest.keys = 0;
    largest.go_map_keys = UINT64_MAX;
    largest.overflow_buckets = UINT16_MAX;
    largest.on_goroutine_stack = largest.overflow_is_estimate = true;
    largest.directory_doubles = true;
    largest.reason = model::Reason::kOverflow;
    largest.kind = GM_KIND_SAME_SIZE;
    largest.type = &nameless;
    largest.stack = &none;
    auto moved = started;
    moved.what = GM_RECORD_EVACUATED;
    moved.monotonic_ns = 0;  // back again
    moved.keys = moved.go_map_keys = 0;
    moved.bucket = 1;
    moved.evacuated = 2;
    auto pruned = finished;
    pruned.what = GM_RECORD_PRUNED;
    pruned.design = go::Design::kSwiss;
    pruned.pid = 42;
    pruned.tombstones_removed = 12;
    pruned.stack = &shallow;
    auto old = finished;
    old.began_before = true;
    old.kind = GM_KIND_UNKNOWN;
    return {started, finished, largest, moved, pruned, old, finished};
  }

  // The report of 1,240 growths, with the rows that profiles are made of.
  [[nodiscard]] exporter::TraceReport report() const {
    auto report = exporter::sample_report();
    report.rejected_records = 1;
    report.model_divergences = 2;
    report.summary.processes[1].process.assumed_rules = worker.assumed_rules;
    report.began_ns = 1'700'000'000'000'000'007;
    report.command_failure = "exited with status 3";
    report.summary.stacks = {{41, &named, &deep, {.started = 1140}, {4'000'000, 7, 9}, 832},
                             {42, &nameless, &none, {.started = 90, .finished = 90}, {}, 7},
                             {42, &named, &shallow, {.started = 10, .evacuated = 4}, {}, 896}};
    return report;
  }
};

// As `trace --json` has them.
class Lines final : public Events {
 public:
  void process(model::ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override {
    lines.push_back(exporter::process_json(
        change == model::ProcessChange::kStarted ? "process_started" : "process_exited", process,
        monotonic_ns));
  }
  void growth(const model::GrowthEvent& event) override {
    // Not all of it is in the line.
    lines.push_back(exporter::growth_json(event, event.monotonic_ns) +
                    std::to_string(event.identity) + " " + std::to_string(event.duration_ns) + " " +
                    std::to_string(event.go_map_keys) +
                    (event.directory_doubles ? " doubles its directory" : ""));
  }

  std::vector<std::string> lines;
};

inline void tell(const Facts& facts, auto& to) {
  to.process(model::ProcessChange::kStarted, facts.server, 4'000'000'000);
  to.process(model::ProcessChange::kStarted, facts.worker, 4'000'000'000);
  for (const auto& event : facts.events()) to.growth(event);
  to.process(model::ProcessChange::kExited, facts.server, 6'000'000'000);
}

inline std::vector<std::byte> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// Three times the events, each with a state after it, the last of them the end.
inline std::vector<std::byte> sample_recording(const Facts& facts) {
  Encoder encoder(kOffset);
  auto report = facts.report();
  for (const auto ns : {1, 2}) {
    tell(facts, encoder);
    report.duration_ns = static_cast<std::uint64_t>(ns) * 1'000'000'000;
    report.summary.stacks[0].max_keys += 1;
    encoder.state(report);
  }
  tell(facts, encoder);
  encoder.end(facts.report());
  return copy(encoder.ready().view());
}

}  // namespace gomapd::recording
