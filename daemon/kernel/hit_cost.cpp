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

#ifdef __x86_64__
// In assembly, so that the first instruction is the one that we want, and the
// registers hold what a Go function's arguments would.
asm(R"(
  .text
  .p2align 4
  .type gomapd_probed_function, @function
gomapd_probed_function:
  push %rbp
  pop %rbp
  ret
  .size gomapd_probed_function, . - gomapd_probed_function

  .globl gomapd_probed_function_address
  .type gomapd_probed_function_address, @function
gomapd_probed_function_address:
  lea gomapd_probed_function(%rip), %rax
  ret
  .size gomapd_probed_function_address, . - gomapd_probed_function_address

  .globl gomapd_call_probed_function
  .type gomapd_call_probed_function, @function
gomapd_call_probed_function:
  push %rbx
  mov %rsi, %rbx
  mov %rsi, %rax
0:
  call gomapd_probed_function
  dec %rdi
  jnz 0b
  pop %rbx
  ret
  .size gomapd_call_probed_function, . - gomapd_call_probed_function
)");
extern "C" std::uint64_t gomapd_probed_function_address();
extern "C" void gomapd_call_probed_function(std::size_t times, const void* readable);
#endif

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

}  // namespace

Result<std::uint64_t> probed_function_offset() {
#ifdef __x86_64__
  Search search{.address = gomapd_probed_function_address(), .offset = 0, .found = false};
  dl_iterate_phdr(find_segment, &search);
  if (search.found) return search.offset;
  return fail(Errc::kUnsupported, "the cost of a hit: our own executable can't be probed");
#else
  return fail(Errc::kUnsupported, "the cost of a hit is measured on amd64 only");
#endif
}

void call_probed_function([[maybe_unused]] std::size_t times,
                          [[maybe_unused]] const void* readable) {
#ifdef __x86_64__
  if (times != 0) gomapd_call_probed_function(times, readable);
#endif
}

HitCost time_probed_calls() {
  constexpr std::size_t kBatches = 9;
  constexpr std::size_t kHitsPerBatch = 200;
  using Clock = std::chrono::steady_clock;
  // Enough for what any program reads of a map or table.
  const std::array<std::uint64_t, 8> readable{};
  call_probed_function(kHitsPerBatch, readable.data());  // caches, and the rows
  std::vector<double> batches;
  for (std::size_t i = 0; i < kBatches; ++i) {
    const auto begin = Clock::now();
    call_probed_function(kHitsPerBatch, readable.data());
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    batches.push_back(taken.count() / static_cast<double>(kHitsPerBatch));
  }
  return hit_cost_of(std::move(batches));
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
