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
  .macro gomapd_probed name, first, second
  .p2align 4
  .type gomapd_\name\()_function, @function
gomapd_\name\()_function:
  \first
  \second
  ret
  .size gomapd_\name\()_function, . - gomapd_\name\()_function

  .globl gomapd_\name\()_address
  .type gomapd_\name\()_address, @function
gomapd_\name\()_address:
  lea gomapd_\name\()_function(%rip), %rax
  ret
  .size gomapd_\name\()_address, . - gomapd_\name\()_address

  .globl gomapd_call_\name
  .type gomapd_call_\name, @function
gomapd_call_\name:
  push %rbx
  mov %rsi, %rbx
  mov %rsi, %rax
0:
  call gomapd_\name\()_function
  dec %rdi
  jnz 0b
  pop %rbx
  ret
  .size gomapd_call_\name, . - gomapd_call_\name
  .endm

  gomapd_probed emulated, "push %rbp", "pop %rbp"
  gomapd_probed ended, "push %rbp", "pop %rbp"
  # linux arch/x86/kernel/uprobes.c emulates pushes, jumps, calls and nops.
  gomapd_probed stepped, "mov %rbx, %rbx"

  # As Go would call them: g in r14, frames linked by rbp.
  .globl gomapd_call_growth
  .type gomapd_call_growth, @function
gomapd_call_growth:
  push %rbx
  push %rbp
  push %r14
  mov %rsi, %rax
  mov %rsi, %rbx
  mov %rsi, %r14
  mov %rdx, %rbp
0:
  call gomapd_emulated_function
  call gomapd_ended_function
  dec %rdi
  jnz 0b
  pop %r14
  pop %rbp
  pop %rbx
  ret
  .size gomapd_call_growth, . - gomapd_call_growth
)");
extern "C" std::uint64_t gomapd_emulated_address();
extern "C" std::uint64_t gomapd_stepped_address();
extern "C" std::uint64_t gomapd_ended_address();
extern "C" void gomapd_call_emulated(std::size_t times, const void* readable);
extern "C" void gomapd_call_stepped(std::size_t times, const void* readable);
extern "C" void gomapd_call_growth(std::size_t times, const void* readable, const void* frames);
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

Result<std::uint64_t> offset_of(std::uint64_t address) {
  if (address == 0) return fail(Errc::kUnsupported, "the cost of a hit is measured on amd64 only");
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

Result<std::uint64_t> probed_function_offset([[maybe_unused]] Execution execution) {
#ifdef __x86_64__
  return offset_of(execution == Execution::kEmulated ? gomapd_emulated_address()
                                                     : gomapd_stepped_address());
#else
  return offset_of(0);
#endif
}

Result<std::uint64_t> growth_end_offset() {
#ifdef __x86_64__
  return offset_of(gomapd_ended_address());
#else
  return offset_of(0);
#endif
}

void call_probed_function([[maybe_unused]] std::size_t times, [[maybe_unused]] const void* readable,
                          [[maybe_unused]] Execution execution) {
#ifdef __x86_64__
  if (times == 0) return;
  if (execution == Execution::kEmulated)
    gomapd_call_emulated(times, readable);
  else
    gomapd_call_stepped(times, readable);
#endif
}

HitCost time_probed_calls(Execution execution) {
  // Enough for what any program reads of a map or table.
  const std::array<std::uint64_t, 8> readable{};
  return time_hits(kCallsPerBatch,
                   [&] { call_probed_function(kCallsPerBatch, readable.data(), execution); });
}

HitCost time_probed_growths() {
#ifdef __x86_64__
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
#else
  return kAssumedHitCost;
#endif
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
