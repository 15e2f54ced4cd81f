// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/growth_cost.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/tracer.h"

namespace gomapd::kernel {
namespace {

// Small tables, but a ring that holds all records: one that is full is faster.
constexpr TracerOptions kSmall{.ring_bytes = 1U << 20U,
                               .counter_entries = 64,
                               .rest_entries = 16,
                               .open_growth_entries = 64,
                               .stack_entries = 64};

Result<HitCost> try_measuring(bool force_perf_uprobes) {
  std::array<ProbeSite, 2> sites;
  sites[0].file_offset = TRY(probed_function_offset());
  sites[0].kernel.role = GM_ROLE_TO_TABLE_START;
  sites[1].file_offset = TRY(growth_end_offset());
  sites[1].kernel.role = GM_ROLE_SWISS_END;
  sites[1].kernel.end_kind = GM_KIND_TO_TABLE;
  for (auto& site : sites) {
    site.kernel.address = 1;          // any but 0, which means none
    site.kernel.etypes = UINT64_MAX;  // no type that reflect made
  }
  auto options = kSmall;
  options.force_perf_uprobes = force_perf_uprobes;
  auto tracer = TRY(Tracer::load(options));
  TRY_VOID(tracer.add_target(getpid()));
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("/proc/self/exe", errno);
  const auto attached = tracer.attach(sites, 0, fd, getpid());
  close(fd);
  if (!attached) return std::unexpected(attached.error());
  tracer.activate();
  return time_probed_growths();
}

}  // namespace

HitCost measure_growth_hit_cost(bool force_perf_uprobes) {
  return try_measuring(force_perf_uprobes).value_or(kAssumedHitCost);
}

}  // namespace gomapd::kernel
