// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/hit_cost.h"

#include <link.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "daemon/kernel/probed_functions.h"

namespace gomapd::kernel {
namespace {

// The least relative error that is claimed: hits in targets whose caches are
// cold, and on other CPUs, differ by about so much from ours.
constexpr double kLeastRelativeError = 0.1;

struct Search {
  std::uint64_t address;
  std::uint64_t offset;
  bool found;
};

// The first object that dl_iterate_phdr tells is the executable.
int find_segment(dl_phdr_info* info, std::size_t /*size*/, void* context) {
  auto& search = *static_cast<Search*>(context);
  for (const auto& segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    const auto begin = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || search.address < begin ||
        search.address - begin >= segment.p_filesz)
      continue;
    search.offset = search.address - begin + segment.p_offset;
    search.found = true;
  }
  return 1;
}

Result<std::uint64_t> offset_of(std::uint64_t address) {
  Search search{.address = address, .offset = 0, .found = false};
  dl_iterate_phdr(find_segment, &search);
  if (search.found) return search.offset;
  return fail(Errc::kUnsupported, "the cost of a hit: our own executable can't be probed");
}

// Times `call`, which takes `hits` hits each time.
template <typename Call>
HitCost time_hits(std::size_t hits, const Call& call) {
  constexpr std::size_t kBatches = 9;
  using Clock = std::chrono::steady_clock;
  call();  // caches, and the rows
  std::vector<double> batches;
  for (std::size_t i = 0; i < kBatches; ++i) {
    const auto begin = Clock::now();
    call();
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    batches.push_back(taken.count() / static_cast<double>(hits));
  }
  return hit_cost_of(std::move(batches));
}

constexpr std::size_t kCallsPerBatch = 200;

}  // namespace

Result<std::uint64_t> probed_function_offset(Execution execution) {
  return offset_of(execution == Execution::kEmulated ? gomapd_emulated_address()
                                                     : gomapd_stepped_address());
}

Result<std::uint64_t> growth_end_offset() {
  return offset_of(gomapd_ended_address());
}

void call_probed_function(std::size_t times, const void* readable, Execution execution) {
  if (times == 0) return;
  if (execution == Execution::kEmulated)
    gomapd_call_emulated(times, readable);
  else
    gomapd_call_stepped(times, readable);
}

HitCost time_probed_calls(Execution execution) {
  // Enough for what any program reads of a map or table.
  const std::array<std::uint64_t, 8> readable{};
  return time_hits(kCallsPerBatch,
                   [&] { call_probed_function(kCallsPerBatch, readable.data(), execution); });
}

HitCost time_probed_growths() {
  // A g and a map in one, and frames as deep as those of a server's handler.
  constexpr std::size_t kFrames = 12;
  const std::array<std::uint64_t, 64> readable{};
  struct Frame {
    const void* caller;
    std::uint64_t return_address;
  };
  std::array<Frame, kFrames> frames{};
  for (std::size_t i = 0; i + 1 < kFrames; ++i)
    frames.at(i) = {.caller = &frames.at(i + 1), .return_address = 0x1000 + i};
  return time_hits(2 * kCallsPerBatch,
                   [&] { gomapd_call_growth(kCallsPerBatch, readable.data(), frames.data()); });
}

HitCost hit_cost_of(std::vector<double> batches_ns) {
  std::erase_if(batches_ns, [](double one) { return !std::isfinite(one) || one <= 0; });
  if (batches_ns.empty()) return kAssumedHitCost;
  std::ranges::sort(batches_ns);
  const auto count = batches_ns.size();
  const double median = (batches_ns[(count - 1) / 2] + batches_ns[count / 2]) / 2;
  const double quartiles = batches_ns[count - 1 - count / 4] - batches_ns[count / 4];
  return {.ns = median,
          .error_ns = std::max(quartiles, kLeastRelativeError * median),
          .measured = true};
}

}  // namespace gomapd::kernel
