// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/kernel/features.h"
#include "daemon/kernel/handles.h"
#include "gomapd.skel.h"

namespace gomapd::kernel {
namespace {

using Skeleton = std::unique_ptr<gomapd_bpf, Deleter<gomapd_bpf::destroy>>;

std::unexpected<Error> system_error(std::string what, int error) {
  const Errc code = error == EPERM || error == EACCES ? Errc::kPermission : Errc::kSystem;
  return fail(code, fmt::format("{}: {}", what, errno_text(error)));
}

// What libbpf says, the verifier's log above all, is for --verbose.
int log_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG || !spdlog::should_log(spdlog::level::debug)) return 0;
  std::vector<char> text(1U << 20U);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  std::string_view line(text.data());
  while (line.ends_with('\n')) line.remove_suffix(1);
  spdlog::debug("{}", line);
  return 0;
}

// Kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK.
void raise_memlock_limit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

// In a container, PIDs are those of its own namespace.
void set_pid_namespace(gomapd_bpf& skeleton) {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // linux include/linux/proc_ns.h
  struct stat info{};
  if (stat("/proc/self/ns/pid", &info) != 0 || info.st_ino == kInitialPidNamespace) return;
  skeleton.rodata->gm_pidns_dev = info.st_dev;
  skeleton.rodata->gm_pidns_ino = info.st_ino;
}

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
  bool use_multi = true;
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

  Result<void> attach_multi(bpf_program* program, const std::string& path, pid_t pid,
                            const std::vector<unsigned long>& offsets,
                            const std::vector<__u64>& cookies) {
    LIBBPF_OPTS(bpf_uprobe_multi_opts, options);
    options.offsets = offsets.data();
    options.cookies = cookies.data();
    options.cnt = offsets.size();
    const pid_t filter = running_kernel() < kUprobeMultiPidFilterFixed ? -1 : pid;
    BpfLink link(
        bpf_program__attach_uprobe_multi(program, filter, path.c_str(), nullptr, &options));
    if (!link) return system_error("uprobe_multi attach", errno);
    links.push_back(std::move(link));
    return {};
  }

  Result<void> attach_one_by_one(bpf_program* program, const std::string& path, pid_t pid,
                                 const std::vector<unsigned long>& offsets,
                                 const std::vector<__u64>& cookies) {
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookies[i]);
      BpfLink link(
          bpf_program__attach_uprobe_opts(program, pid, path.c_str(), offsets[i], &options));
      if (!link) return system_error(fmt::format("perf uprobe attach at {:#x}", offsets[i]), errno);
      links.push_back(std::move(link));
    }
    return {};
  }
};

Tracer::Tracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tracer::Tracer(Tracer&&) noexcept = default;
Tracer& Tracer::operator=(Tracer&&) noexcept = default;
Tracer::~Tracer() = default;

Result<Tracer> Tracer::load(const TracerOptions& options) {
  TRY_VOID(check_prerequisites());
  libbpf_set_print(log_libbpf);
  raise_memlock_limit();
  auto state = std::make_unique<State>();
  state->skeleton.reset(gomapd_bpf::open());
  if (!state->skeleton) return system_error("opening the BPF programs", errno);
  auto& skeleton = *state->skeleton;
  state->use_multi = !options.force_perf_uprobes && has_uprobe_multi();
  if (!state->use_multi) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton.obj)
        bpf_program__set_expected_attach_type(program, bpf_attach_type{});
  }
  set_pid_namespace(skeleton);
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
  std::array<std::vector<unsigned long>, GM_ROLE_COUNT> offsets;
  std::array<std::vector<__u64>, GM_ROLE_COUNT> cookies;
  for (const auto& site : sites) {
    if (state_->next_site >= GM_MAX_SITES)
      return fail(Errc::kUnsupported, fmt::format("more than {} probe sites", GM_MAX_SITES));
    auto kernel_site = site.kernel;
    kernel_site.binary = binary;
    const auto index = state_->next_site++;
    const int error = bpf_map__update_elem(state_->skeleton->maps.gm_sites, &index, sizeof(index),
                                           &kernel_site, sizeof(kernel_site), BPF_ANY);
    if (error != 0) return system_error("writing a probe site", -error);
    offsets.at(kernel_site.role).push_back(site.file_offset);
    cookies.at(kernel_site.role).push_back(index);
  }
  const auto links_before = state_->links.size();
  for (unsigned role = 0; role < GM_ROLE_COUNT; ++role) {
    if (offsets.at(role).empty()) continue;
    auto* program = state_->program(role);
    auto attached =
        state_->use_multi
            ? state_->attach_multi(program, path, pid, offsets.at(role), cookies.at(role))
            : state_->attach_one_by_one(program, path, pid, offsets.at(role), cookies.at(role));
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
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus));
  Stats stats{};
  for (__u32 i = 0; i < GM_STAT_COUNT; ++i) {
    const int error = bpf_map__lookup_elem(state_->skeleton->maps.gm_stats, &i, sizeof(i),
                                           values.data(), values.size() * sizeof(values[0]), 0);
    if (error != 0) return system_error("reading the statistics", -error);
    for (const auto value : values) stats.at(i) += value;
  }
  return stats;
}

std::string_view Tracer::attach_method() const {
  return state_->use_multi ? "uprobe_multi" : "perf_event";
}

}  // namespace gomapd::kernel
