// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What user space does with growths. The yardstick is what a hit costs the traced
// program, some 700 ns at the least: a record's way from the ring into what is shown
// must cost less.
#include <benchmark/benchmark.h>

#include <vector>

#include "daemon/export/pprof.h"
#include "daemon/model/life.h"
#include "daemon/model/picture.h"
#include "tests/bench/pure/synthetic.h"

namespace gomapd::bench {
namespace {

// Decoding, and remembering which map grew where: all that a trace does for each
// record. The sums come from counters, below.
void BM_RecordToAggregate(benchmark::State& state) {
  Resolver resolver;
  model::SeenMaps seen;
  std::vector<gm_record> records;
  for (std::uint64_t i = 0; i < 65536; ++i) records.push_back(started(i, 200));
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& record = records[i++ % records.size()];
    benchmark::DoNotOptimize(model::decode(record, 0, resolver));
    seen.add(record);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(BM_RecordToAggregate);

// The report: all counters of a trace with so many places.
void BM_Summarize(benchmark::State& state) {
  Resolver resolver;
  const std::vector<model::Process> processes{{41, "/srv/server", "go1.24.1", go::Design::kSwiss}};
  std::vector<model::CounterRow> rows;
  for (std::uint64_t i = 1; i <= static_cast<std::uint64_t>(state.range(0)); ++i)
    rows.push_back(counter(41, i, i));
  const model::SeenMaps seen;
  for (auto _ : state) benchmark::DoNotOptimize(model::summarize(rows, processes, seen, resolver));
}
BENCHMARK(BM_Summarize)->Arg(200)->Arg(8000)->Unit(benchmark::kMillisecond);

void BM_PprofProfile(benchmark::State& state) {
  Resolver resolver;
  exporter::TraceReport report;
  report.summary.processes.push_back(
      {.process = {41, "/srv/server", "go1.24.1", go::Design::kSwiss},
       .counts = {},
       .cost = {},
       .by_kind = {}});
  for (std::uint64_t i = 1; i <= static_cast<std::uint64_t>(state.range(0)); ++i)
    report.summary.stacks.push_back({41,
                                     &resolver.type(0, 41, i % 8),
                                     &resolver.stack(0, i),
                                     {.started = i, .finished = i},
                                     {.bytes = i * 4096, .growing_ns = i * 1000, .slowest_ns = 0},
                                     100});
  for (auto _ : state) {
    const auto profile = exporter::pprof_profile(report);
    if (!profile) return state.SkipWithError(profile.error().context.c_str());
    state.counters["bytes"] = static_cast<double>(profile->size());
  }
}
BENCHMARK(BM_PprofProfile)->Arg(200)->Arg(8000)->Unit(benchmark::kMillisecond);

// Of a classic map while the page shows it, ten times a second.
void BM_PictureOfBuckets(benchmark::State& state) {
  const auto buckets = static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint64_t> tops(buckets, 0x0000'8090'a0b0'c0d0);
  const std::vector<std::uint64_t> overflow(buckets, 1);
  for (auto _ : state) benchmark::DoNotOptimize(model::picture_of(buckets, tops, overflow));
}
BENCHMARK(BM_PictureOfBuckets)->Arg(256)->Arg(1 << 17)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gomapd::bench
