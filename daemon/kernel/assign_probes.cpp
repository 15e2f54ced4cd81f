// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/assign_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "assign.skel.h"
#include "daemon/kernel/attach.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/handles.h"
#include "daemon/kernel/site_table.h"

namespace gomapd::kernel {
namespace {

using Skeleton = std::unique_ptr<assign_bpf, Deleter<assign_bpf::destroy>>;
// Hands each entry of a table that nobody writes any more to `visit`, and
// removes it.
template <typename Key, typename Value, typename Visit>
void empty_table(const bpf_map* table, const Visit& visit) {
  const int fd = bpf_map__fd(table);
  Key key{};
  Value value{};
  while (bpf_map_get_next_key(fd, nullptr, &key) == 0) {
    if (bpf_map_lookup_elem(fd, &key, &value) == 0) visit(key, value);
    if (bpf_map_delete_elem(fd, &key) != 0) return;
  }
}

}  // namespace

struct AssignProbes::State {
  Skeleton skeleton;
  AttachBy attach_by = AttachBy::kUprobeMulti;
  std::vector<Places> binaries;
  SiteTable sites;
  std::vector<ProbeLink> links;
  __u32 target = 0;   // while attached
  Stats measuring{};  // what the measurement brought
};

AssignProbes::AssignProbes(std::unique_ptr<State> state) : state_(std::move(state)) {}
AssignProbes::AssignProbes(AssignProbes&&) noexcept = default;
AssignProbes& AssignProbes::operator=(AssignProbes&&) noexcept = default;
AssignProbes::~AssignProbes() = default;

Result<AssignProbes> AssignProbes::load(const AssignProbesOptions& options) {
  TRY_VOID(check_prerequisites());
  prepare_libbpf();
  auto state = std::make_unique<State>();
  state->skeleton.reset(assign_bpf::open());
  if (!state->skeleton) return system_error("opening the BPF programs for assignments", errno);
  auto& skeleton = *state->skeleton;
  state->attach_by = how_to_attach(options.force_perf_uprobes);
  set_attach_type(*skeleton.obj, state->attach_by);
  skeleton.rodata->gm_has_cookies = state->attach_by == AttachBy::kCopies ? 0 : 1;
  if (const auto pid_namespace = own_pid_namespace()) {
    skeleton.rodata->gm_pidns_dev = pid_namespace->device;
    skeleton.rodata->gm_pidns_ino = pid_namespace->inode;
  }
  bpf_map__set_max_entries(skeleton.maps.gm_assigns, options.row_entries);
  if (const int error = assign_bpf::load(&skeleton); error != 0)
    return system_error("loading the BPF programs for assignments (--verbose shows why)", -error);
  return AssignProbes(std::move(state));
}

Result<std::size_t> AssignProbes::add_sites(std::span<const ProbeSite> sites,
                                            std::uint32_t binary) {
  const auto by_role = TRY(state_->sites.add(state_->skeleton->maps.gm_sites, sites, binary));
  state_->binaries.push_back(SiteTable::merged(by_role));
  return state_->binaries.size() - 1;
}

Result<void> AssignProbes::attach(std::size_t sites, int fd, pid_t pid) {
  detach();
  const auto tgid = static_cast<__u32>(pid);
  const __u32 present = 1;
  const int error = bpf_map__update_elem(state_->skeleton->maps.gm_targets, &tgid, sizeof(tgid),
                                         &present, sizeof(present), BPF_ANY);
  if (error != 0) return system_error(fmt::format("adding process {} to the filter", pid), -error);
  state_->target = tgid;
  auto attached = kernel::attach(state_->skeleton->progs.gm_assigned, state_->attach_by,
                                 fmt::format("/proc/self/fd/{}", fd), pid,
                                 state_->binaries.at(sites), state_->links);
  if (!attached) detach();  // all or none
  return attached;
}

void AssignProbes::start() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 1U, __ATOMIC_RELEASE);
}

void AssignProbes::stop() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 0U, __ATOMIC_RELEASE);
}

void AssignProbes::detach() {
  stop();
  take_out(std::exchange(state_->links, {}));
  if (state_->target == 0) return;
  (void)bpf_map__delete_elem(state_->skeleton->maps.gm_targets, &state_->target,
                             sizeof(state_->target), 0);
  state_->target = 0;
}

Result<AssignCounts> AssignProbes::take() {
  AssignCounts counts;
  const auto add_row = [&](const gm_assign_key& key, const gm_assign& value) {
    if (value.hits != 0) counts.rows.push_back({key, value});
  };
  const auto& maps = state_->skeleton->maps;
  empty_table<gm_assign_key, gm_assign>(maps.gm_assigns, add_row);
  empty_table<gm_assign_key, gm_assign>(maps.gm_assigns_rest, add_row);
  empty_table<std::uint32_t, gm_assign_thread>(
      maps.gm_assign_threads, [&](std::uint32_t tid, const gm_assign_thread& pace) {
        counts.threads.push_back({tid, pace});
      });
  return counts;
}

Result<std::uint64_t> AssignProbes::hits() const {
  const auto hits = TRY(read_stats(state_->skeleton->maps.gm_stats)).at(GM_STAT_HITS_ASSIGN);
  return hits - state_->measuring.at(GM_STAT_HITS_ASSIGN);
}

Result<Stats> AssignProbes::stats() const {
  auto stats = TRY(read_stats(state_->skeleton->maps.gm_stats));
  for (std::size_t i = 0; i < stats.size(); ++i) stats.at(i) -= state_->measuring.at(i);
  return stats;
}

// The same program, the same tables and the same kind of instruction as in a
// target, so that the same is paid.
Result<HitCost> AssignProbes::try_measuring(Execution execution) {
  ProbeSite site;
  site.file_offset = TRY(probed_function_offset(execution));
  site.kernel.role = GM_ROLE_SWISS_ASSIGN;
  site.kernel.address = 1;  // any but 0, which means none
  const auto sites = TRY(add_sites(std::span(&site, 1), 0));
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("/proc/self/exe", errno);
  const auto attached = attach(sites, fd, getpid());
  close(fd);
  if (!attached) return std::unexpected(attached.error());

  start();
  const auto cost = time_probed_calls(execution);
  stop();
  const auto stats = TRY(read_stats(state_->skeleton->maps.gm_stats));
  if (stats.at(GM_STAT_COUNTED) != stats.at(GM_STAT_HITS_ASSIGN))
    return fail(Errc::kUnsupported, "the cost of a hit: not every hit was counted");
  return cost;
}

HitCost AssignProbes::measure_hit_cost(Execution execution) {
  const auto measured = try_measuring(execution);
  detach();
  (void)take();
  if (const auto brought = read_stats(state_->skeleton->maps.gm_stats))
    state_->measuring = *brought;
  return measured ? *measured : kAssumedHitCost;
}

}  // namespace gomapd::kernel
