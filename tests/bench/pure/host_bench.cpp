// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What the daemon does once a second, and for each scrape, on a host with many
// workloads.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/export/metrics.h"
#include "daemon/model/ledger.h"
#include "tests/bench/pure/synthetic.h"

namespace gomapd::bench {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kSitesEach = 20;

// `processes` of them, a workload each, which all grow at kSitesEach places.
class BusyHost {
 public:
  explicit BusyHost(std::uint32_t processes)
      : ledger_({.max_workloads = processes, .max_sites = processes * kSitesEach}) {
    for (std::uint32_t pid = 1; pid <= processes; ++pid) {
      ledger_.started(
          pid, {{.exe = "server" + std::to_string(pid), .unit = "a.service", .container_id = ""},
                "go1.24.1",
                0});
      for (std::uint64_t stack = 1; stack <= kSitesEach; ++stack)
        rows_.push_back(counter(pid, stack, 1));
    }
  }

  void second() {
    for (auto& row : rows_) {
      ++row.value.started;
      ++row.value.finished;
    }
    now_ns_ += kSecond;
    ledger_.update(rows_, resolver_, model::Ledger::Reading::kMoreToCome);
    ledger_.advance(now_ns_);
  }
  [[nodiscard]] model::HostState state() const {
    model::HostState state;
    ledger_.fill(state);
    return state;
  }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  Resolver resolver_;
  model::Ledger ledger_;
  std::vector<model::CounterRow> rows_;
  std::uint64_t now_ns_ = kSecond;
};

void BM_CountersToLedger(benchmark::State& state) {
  BusyHost host(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    host.second();
    benchmark::DoNotOptimize(host.state());
  }
  state.counters["rows"] = static_cast<double>(host.rows());
}
BENCHMARK(BM_CountersToLedger)->Arg(20)->Arg(200)->Unit(benchmark::kMillisecond);

using ToText = std::string (*)(const std::vector<prometheus::MetricFamily>&);

// From a host's state to the bytes that a scrape gets: as many workloads as make at
// least as many series as asked for.
void scrape(benchmark::State& state, ToText to_text) {
  const auto wanted = static_cast<std::size_t>(state.range(0));
  std::size_t series = 0;
  model::HostState host;
  for (std::uint32_t processes = 8; series < wanted; processes += 8) {
    BusyHost busy(processes);
    busy.second();
    host = busy.state();
    const auto text = exporter::prometheus_text(exporter::collect(host, {}, {}));
    series = 0;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
      series += text[at] == '#' ? 0 : 1;
  }
  std::size_t bytes = 0;
  for (auto _ : state) bytes = to_text(exporter::collect(host, {}, {})).size();
  state.counters["series"] = static_cast<double>(series);
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(scrape, prometheus, exporter::prometheus_text)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scrape, openmetrics, exporter::openmetrics_text)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gomapd::bench
