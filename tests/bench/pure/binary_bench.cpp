// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What reading a large, stripped Go binary costs: the plan of its probes, looking a
// function up, making a call stack of return addresses.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "daemon/proc/file.h"
#include "daemon/symbol/symbolizer.h"
#include "probes/plan/plan.h"
#include "tests/support/go_build.h"

namespace gomapd {
namespace {

// The largest of scripts/targets.sh, or what GOMAPD_BENCH_BINARY names.
std::string binary_path() {
  const char* named = std::getenv("GOMAPD_BENCH_BINARY");  // NOLINT(concurrency-mt-unsafe)
  return named != nullptr ? named : test::cache_folder() / "targets/kubectl/usr/bin/kubectl";
}

// One whole Go binary for all benchmarks.
class Binary : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State& state) override {
    auto file = proc::MappedFile::open(binary_path());
    if (!file)
      return state.SkipWithError((binary_path() + ": not there: run scripts/targets.sh kubectl, or "
                                                  "name a Go binary by GOMAPD_BENCH_BINARY")
                                     .c_str());
    file_.emplace(std::move(*file));
  }
  void TearDown(benchmark::State& /*state*/) override { file_.reset(); }

 protected:
  std::optional<proc::MappedFile> file_;
};

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1U << 20U);
}

// Every time with the file's pages unmapped before, but in the page cache: as a
// gomapd that was just started finds them.
BENCHMARK_DEFINE_F(Binary, Analyse)(benchmark::State& state) {
  double most_mib = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto bytes = file_->bytes();
    madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_DONTNEED);
    malloc_trim(0);
    const double before = resident_mib();
    state.ResumeTiming();
    const auto binary = analyse(bytes);
    state.PauseTiming();
    if (!binary) state.SkipWithError(binary.error().context.c_str());
    most_mib = std::max(most_mib, resident_mib() - before);
    state.ResumeTiming();
  }
  state.counters["file_MiB"] = static_cast<double>(file_->bytes().size()) / (1U << 20U);
  state.counters["added_resident_MiB"] = most_mib;
}
BENCHMARK_REGISTER_F(Binary, Analyse)->Unit(benchmark::kMillisecond);

std::vector<std::uint64_t> some_addresses(const go::Pclntab& table, std::size_t count) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same ones each time
  std::vector<std::uint64_t> addresses;
  while (addresses.size() < count) {
    const auto function = table.function(
        std::uniform_int_distribution<std::uint32_t>(0, table.function_count() - 1)(random));
    if (function.end - function.entry > 1)
      addresses.push_back(std::uniform_int_distribution<std::uint64_t>(function.entry + 1,
                                                                       function.end - 1)(random));
  }
  return addresses;
}

BENCHMARK_DEFINE_F(Binary, FunctionAt)(benchmark::State& state) {
  const auto binary = analyse(file_->bytes());
  if (!binary) return state.SkipWithError(binary.error().context.c_str());
  const auto addresses = some_addresses(binary->pclntab, 4096);
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(binary->pclntab.function_at(addresses[i++ % addresses.size()]));
}
BENCHMARK_REGISTER_F(Binary, FunctionAt);

// Stacks of 16 return addresses, as deep as a request of a server is.
BENCHMARK_DEFINE_F(Binary, SymbolizeStackOf16)(benchmark::State& state) {
  constexpr std::size_t kDepth = 16;
  const auto binary = analyse(file_->bytes());
  if (!binary) return state.SkipWithError(binary.error().context.c_str());
  const auto addresses = some_addresses(binary->pclntab, 256 * kDepth);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto stack = std::span(addresses).subspan((i++ % 256) * kDepth, kDepth);
    benchmark::DoNotOptimize(symbol::symbolize(binary->pclntab, stack));
  }
}
BENCHMARK_REGISTER_F(Binary, SymbolizeStackOf16)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gomapd
