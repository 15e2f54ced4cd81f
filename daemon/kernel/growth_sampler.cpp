// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/growth_sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/handles.h"
#include "daemon/kernel/site_table.h"
#include "sample.skel.h"

namespace gomapd::kernel {
namespace {

using Skeleton = std::unique_ptr<sample_bpf, Deleter<sample_bpf::destroy>>;

constexpr std::array kStarts{GM_ROLE_CLASSIC_START, GM_ROLE_TO_TABLE_START, GM_ROLE_REHASH_START};

bool is_sampled(const ProbeSite& site, SampledSites which) {
  return std::ranges::find(kStarts, site.kernel.role) != kStarts.end() ||
         (which == SampledSites::kStartsAndEchoes && site.kernel.role == GM_ROLE_ECHO);
}

// A hit in a target takes more than in our tight loop, where all is in the caches: 1.0
// to 1.3 times as much in Go programs that do little but grow maps (Linux 6.18).
constexpr double kInTargets = 1.15;
constexpr double kInTargetsError = 0.2;
// No hit takes so many times what one takes here, unless something came in between.
constexpr double kInterrupted = 25;

}  // namespace

struct GrowthSampler::State {
  Skeleton skeleton;
  AttachBy attach_by = AttachBy::kUprobeMulti;
  SiteTable sites;
  SiteTable::PlacesByRole places;  // while attached
  std::vector<ProbeLink> links;
  Stats measuring{};  // what the measurement brought
};

GrowthSampler::GrowthSampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
GrowthSampler::GrowthSampler(GrowthSampler&&) noexcept = default;
GrowthSampler& GrowthSampler::operator=(GrowthSampler&&) noexcept = default;
GrowthSampler::~GrowthSampler() = default;

Result<GrowthSampler> GrowthSampler::load(const GrowthSamplerOptions& options,
                                          const Tracer& tracer) {
  prepare_libbpf();
  auto state = std::make_unique<State>();
  state->skeleton.reset(sample_bpf::open());
  if (!state->skeleton) return system_error("opening the BPF programs for samples", errno);
  auto& skeleton = *state->skeleton;
  state->attach_by = how_to_attach(options.force_perf_uprobes);
  set_attach_type(*skeleton.obj, state->attach_by);
  skeleton.rodata->gm_has_cookies = state->attach_by == AttachBy::kCopies ? 0 : 1;
  skeleton.rodata->gm_all_processes = options.all_processes ? 1 : 0;
  if (const auto pid_namespace = own_pid_namespace()) {
    skeleton.rodata->gm_pidns_dev = pid_namespace->device;
    skeleton.rodata->gm_pidns_ino = pid_namespace->inode;
  }
  const auto shared = tracer.shared_tables();
  for (const auto& [table, fd] : {std::pair{skeleton.maps.gm_targets, shared.targets},
                                  std::pair{skeleton.maps.gm_stacks, shared.stacks}})
    if (const int error = bpf_map__reuse_fd(table, fd); error != 0)
      return system_error("sharing the growths' tables", -error);
  if (const int error = sample_bpf::load(&skeleton); error != 0)
    return system_error("loading the BPF programs for samples (--verbose shows why)", -error);
  return GrowthSampler(std::move(state));
}

Result<void> GrowthSampler::attach(std::span<const ProbeSite> sites, SampledSites which,
                                   std::uint32_t binary, int fd, pid_t pid) {
  detach();
  std::vector<ProbeSite> sampled;
  for (const auto& site : sites)
    if (is_sampled(site, which)) sampled.push_back(site);
  __atomic_store_n(&state_->skeleton->bss->gm_echoing,
                   which == SampledSites::kStartsAndEchoes ? 1U : 0U, __ATOMIC_RELEASE);
  state_->places = TRY(state_->sites.add(state_->skeleton->maps.gm_sites, sampled, binary));
  auto attached = kernel::attach(state_->skeleton->progs.gm_growth_sampled, state_->attach_by,
                                 fmt::format("/proc/self/fd/{}", fd), pid,
                                 SiteTable::merged(state_->places), state_->links);
  if (!attached) detach();  // all or none
  return attached;
}

void GrowthSampler::start() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 1U, __ATOMIC_RELEASE);
}

void GrowthSampler::stop() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 0U, __ATOMIC_RELEASE);
}

void GrowthSampler::detach() {
  stop();
  take_out(std::exchange(state_->links, {}));
  state_->sites.remove(std::exchange(state_->places, {}));
}

Result<SampledWindow> GrowthSampler::take() {
  SampledWindow window;
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  std::vector<gm_sampled> values(static_cast<std::size_t>(cpus));
  const int counts = bpf_map__fd(state_->skeleton->maps.gm_sampled_counts);
  std::uint32_t tgid = 0;
  while (bpf_map_get_next_key(counts, nullptr, &tgid) == 0) {
    if (bpf_map_lookup_elem(counts, &tgid, values.data()) == 0) {
      auto& sum = window.counts[tgid];
      for (const auto& of_cpu : values) {
        sum.starts += of_cpu.starts;
        sum.echoes += of_cpu.echoes;
        sum.echoed += of_cpu.echoed;
        sum.echo_ns += of_cpu.echo_ns;
        sum.clock_ns += of_cpu.clock_ns;
      }
    }
    if (bpf_map_delete_elem(counts, &tgid) != 0) break;
  }
  const int samples = bpf_map__fd(state_->skeleton->maps.gm_samples);
  SampleRow row{};
  while (bpf_map_get_next_key(samples, nullptr, &row.key) == 0) {
    if (bpf_map_lookup_elem(samples, &row.key, &row.value) == 0) window.described.push_back(row);
    if (bpf_map_delete_elem(samples, &row.key) != 0) break;
  }
  return window;
}

Result<std::uint64_t> GrowthSampler::hits() const {
  const auto all = TRY(stats());
  return all.at(GM_STAT_HITS_START) + all.at(GM_STAT_HITS_END);
}

Result<Stats> GrowthSampler::stats() const {
  auto stats = TRY(read_stats(state_->skeleton->maps.gm_stats));
  for (std::size_t i = 0; i < stats.size(); ++i) stats.at(i) -= state_->measuring.at(i);
  return stats;
}

// The same program, the same tables and the same kind of instruction as in a
// target, so that the same is paid.
Result<HitCost> GrowthSampler::try_measuring() {
  ProbeSite site;
  site.file_offset = TRY(probed_function_offset());
  site.kernel.role = GM_ROLE_TO_TABLE_START;
  site.kernel.address = 1;  // any but 0, which means none
  const auto own = static_cast<__u32>(getpid());
  const __u32 traced = 1;
  const int targets = bpf_map__fd(state_->skeleton->maps.gm_targets);
  if (bpf_map_update_elem(targets, &own, &traced, BPF_ANY) != 0)
    return system_error("adding our own process to the filter", errno);
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("/proc/self/exe", errno);
  const auto attached = attach(std::span(&site, 1), SampledSites::kStarts, 0, fd, getpid());
  close(fd);
  if (!attached) return std::unexpected(attached.error());
  start();
  auto cost = time_probed_calls();
  stop();
  return cost;
}

HitCost GrowthSampler::measure_hit_cost() {
  const auto measured = try_measuring();
  detach();
  (void)take();
  const auto own = static_cast<__u32>(getpid());
  (void)bpf_map_delete_elem(bpf_map__fd(state_->skeleton->maps.gm_targets), &own);
  if (const auto brought = read_stats(state_->skeleton->maps.gm_stats))
    state_->measuring = *brought;
  if (!measured) return kAssumedHitCost;
  auto cost = *measured;
  auto& longest = state_->skeleton->data->gm_echo_max_ns;
  longest = std::max(longest, static_cast<__u64>(kInterrupted * cost.ns));
  cost.ns *= kInTargets;
  cost.error_ns = std::max(cost.error_ns, kInTargetsError * cost.ns);
  return cost;
}

}  // namespace gomapd::kernel
