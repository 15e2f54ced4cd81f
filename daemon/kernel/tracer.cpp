// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/handles.h"
#include "gomapd.skel.h"

namespace gomapd::kernel {
namespace {

using Skeleton = std::unique_ptr<gomapd_bpf, Deleter<gomapd_bpf::destroy>>;

Result<void> set_sizes(gomapd_bpf& skeleton, const TracerOptions& options) {
  const auto page = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  const auto ring = std::bit_ceil(std::clamp(options.ring_bytes, page, 1U << 30U));
  bpf_map__set_max_entries(skeleton.maps.gm_ring, ring);
  bpf_map__set_max_entries(skeleton.maps.gm_counters, options.counter_entries);
  bpf_map__set_max_entries(skeleton.maps.gm_open_growths, options.open_growth_entries);
  bpf_map__set_max_entries(skeleton.maps.gm_stacks, options.stack_entries);
  return {};
}

// The value sums of a per-CPU entry, maxima where a maximum is meant.
gm_counter merge(std::span<const gm_counter> per_cpu) {
  gm_counter total{};
  for (const auto& one : per_cpu) {
    total.started += one.started;
    total.finished += one.finished;
    total.finished_only += one.finished_only;
    total.evacuated += one.evacuated;
    total.pruned += one.pruned;
    total.duration_ns += one.duration_ns;
    total.max_duration_ns = std::max(total.max_duration_ns, one.max_duration_ns);
    total.max_keys = std::max(total.max_keys, one.max_keys);
    if (one.started + one.finished + one.finished_only + one.evacuated + one.pruned != 0) {
      total.bias = one.bias;
      total.binary = one.binary;
    }
  }
  return total;
}

Result<void> read_counters(int fd, std::vector<CounterRow>& rows) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  std::vector<gm_counter> values(static_cast<std::size_t>(cpus));
  gm_counter_key key{};
  const gm_counter_key* previous = nullptr;
  while (bpf_map_get_next_key(fd, previous, &key) == 0) {
    if (bpf_map_lookup_elem(fd, &key, values.data()) == 0) rows.push_back({key, merge(values)});
    previous = &key;
  }
  return {};
}

}  // namespace

struct Tracer::State {
  Skeleton skeleton;
  RingBuffer ring;
  AttachBy attach_by = AttachBy::kUprobeMulti;
  std::vector<BpfLink> links;
  std::uint32_t next_site = 0;
  std::uint64_t rejected = 0;
  const std::function<void(const gm_record&)>* visit = nullptr;  // during drain() only

  [[nodiscard]] bpf_program* program(unsigned role) const {
    switch (role) {
      case GM_ROLE_CLASSIC_START: return skeleton->progs.gm_classic_start;
      case GM_ROLE_CLASSIC_END: return skeleton->progs.gm_classic_end;
      case GM_ROLE_TO_TABLE_START: return skeleton->progs.gm_to_table_start;
      case GM_ROLE_REHASH_START: return skeleton->progs.gm_rehash_start;
      case GM_ROLE_SWISS_END: return skeleton->progs.gm_swiss_end;
      case GM_ROLE_EVACUATE: return skeleton->progs.gm_classic_evacuate;
      case GM_ROLE_PRUNE_START: return skeleton->progs.gm_prune_start;
      case GM_ROLE_PRUNE_END: return skeleton->progs.gm_prune_end;
      default: return nullptr;
    }
  }

  static int on_record(void* context, void* data, std::size_t size) {
    auto* state = static_cast<State*>(context);
    gm_record record{};
    if (size < sizeof(record)) {
      ++state->rejected;
      return 0;
    }
    std::memcpy(&record, data, sizeof(record));
    if (record.size != sizeof(record) || record.kind < GM_RECORD_STARTED ||
        record.kind > GM_RECORD_PRUNED) {
      ++state->rejected;
      return 0;
    }
    (*state->visit)(record);
    return 0;
  }
};

Tracer::Tracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tracer::Tracer(Tracer&&) noexcept = default;
Tracer& Tracer::operator=(Tracer&&) noexcept = default;
Tracer::~Tracer() = default;

Result<Tracer> Tracer::load(const TracerOptions& options) {
  TRY_VOID(check_prerequisites());
  prepare_libbpf();
  auto state = std::make_unique<State>();
  state->skeleton.reset(gomapd_bpf::open());
  if (!state->skeleton) return system_error("opening the BPF programs", errno);
  auto& skeleton = *state->skeleton;
  if (options.force_perf_uprobes || !has_uprobe_multi()) state->attach_by = AttachBy::kPerfEvent;
  set_attach_type(*skeleton.obj, state->attach_by);
  if (const auto pid_namespace = own_pid_namespace()) {
    skeleton.rodata->gm_pidns_dev = pid_namespace->device;
    skeleton.rodata->gm_pidns_ino = pid_namespace->inode;
  }
  TRY_VOID(set_sizes(skeleton, options));
  if (const int error = gomapd_bpf::load(&skeleton); error != 0)
    return system_error("loading the BPF programs (--verbose shows why)", -error);
  state->ring.reset(
      ring_buffer__new(bpf_map__fd(skeleton.maps.gm_ring), State::on_record, state.get(), nullptr));
  if (!state->ring) return system_error("ring buffer", errno);
  return Tracer(std::move(state));
}

Result<void> Tracer::add_target(pid_t tgid) {
  const auto key = static_cast<__u32>(tgid);
  const __u32 present = 1;
  const int error = bpf_map__update_elem(state_->skeleton->maps.gm_targets, &key, sizeof(key),
                                         &present, sizeof(present), BPF_ANY);
  if (error != 0) return system_error(fmt::format("adding process {} to the filter", tgid), -error);
  return {};
}

Result<void> Tracer::attach(std::span<const ProbeSite> sites, std::uint32_t binary, int fd,
                            pid_t pid) {
  // The file itself, whatever has become of its path meanwhile.
  const auto path = fmt::format("/proc/self/fd/{}", fd);
  std::array<Places, GM_ROLE_COUNT> places;
  for (const auto& site : sites) {
    if (state_->next_site >= GM_MAX_SITES)
      return fail(Errc::kUnsupported, fmt::format("more than {} probe sites", GM_MAX_SITES));
    auto kernel_site = site.kernel;
    kernel_site.binary = binary;
    const auto index = state_->next_site++;
    const int error = bpf_map__update_elem(state_->skeleton->maps.gm_sites, &index, sizeof(index),
                                           &kernel_site, sizeof(kernel_site), BPF_ANY);
    if (error != 0) return system_error("writing a probe site", -error);
    places.at(kernel_site.role).offsets.push_back(site.file_offset);
    places.at(kernel_site.role).cookies.push_back(index);
  }
  const auto links_before = state_->links.size();
  for (unsigned role = 0; role < GM_ROLE_COUNT; ++role) {
    if (places.at(role).offsets.empty()) continue;
    auto attached = kernel::attach(state_->program(role), state_->attach_by, path, pid,
                                   places.at(role), state_->links);
    if (!attached) {
      state_->links.resize(links_before);  // all or none
      return attached;
    }
  }
  return {};
}

void Tracer::activate() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 1U, __ATOMIC_RELEASE);
}

void Tracer::deactivate() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 0U, __ATOMIC_RELEASE);
}

void Tracer::detach() {
  state_->links.clear();
}

Result<void> Tracer::drain(const std::function<void(const gm_record&)>& visit) {
  state_->visit = &visit;
  const int count = ring_buffer__consume(state_->ring.get());
  state_->visit = nullptr;
  if (count < 0) return system_error("reading the ring buffer", -count);
  return {};
}

std::uint64_t Tracer::rejected_records() const {
  return state_->rejected;
}

Result<std::vector<CounterRow>> Tracer::counters() const {
  std::vector<CounterRow> rows;
  TRY_VOID(read_counters(bpf_map__fd(state_->skeleton->maps.gm_counters), rows));
  TRY_VOID(read_counters(bpf_map__fd(state_->skeleton->maps.gm_rest), rows));
  return rows;
}

std::optional<gm_stack> Tracer::stack(std::uint64_t id) const {
  gm_stack stack{};
  if (id == 0) return std::nullopt;
  if (bpf_map__lookup_elem(state_->skeleton->maps.gm_stacks, &id, sizeof(id), &stack, sizeof(stack),
                           0) != 0)
    return std::nullopt;
  if (stack.count == 0) return std::nullopt;
  stack.count = std::min<__u32>(stack.count, GM_MAX_FRAMES);
  return stack;
}

std::optional<gm_type> Tracer::made_type(std::uint32_t tgid, std::uint64_t type) const {
  gm_type kept{};
  const gm_type_key key{.type = type, .tgid = tgid, .pad = 0};
  if (bpf_map__lookup_elem(state_->skeleton->maps.gm_types, &key, sizeof(key), &kept, sizeof(kept),
                           0) != 0)
    return std::nullopt;
  return kept.complete != 0 ? std::optional(kept) : std::nullopt;
}

Result<Stats> Tracer::stats() const {
  return read_stats(state_->skeleton->maps.gm_stats);
}

std::string_view Tracer::attach_method() const {
  return state_->attach_by == AttachBy::kUprobeMulti ? "uprobe_multi" : "perf_event";
}

}  // namespace gomapd::kernel
