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
#include <iterator>
#include <map>
#include <utility>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/counter_reader.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/handles.h"
#include "daemon/kernel/site_table.h"
#include "gomapd.skel.h"

namespace gomapd::kernel {
namespace {

using Skeleton = std::unique_ptr<gomapd_bpf, Deleter<gomapd_bpf::destroy>>;

Result<void> set_sizes(gomapd_bpf& skeleton, const TracerOptions& options) {
  const auto page = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  const auto ring = std::bit_ceil(std::clamp(options.ring_bytes, page, 1U << 30U));
  bpf_map__set_max_entries(skeleton.maps.gm_ring, ring);
  bpf_map__set_max_entries(skeleton.maps.gm_counters, options.counter_entries);
  bpf_map__set_max_entries(skeleton.maps.gm_rest, options.rest_entries);
  bpf_map__set_max_entries(skeleton.maps.gm_open_growths, options.open_growth_entries);
  bpf_map__set_max_entries(skeleton.maps.gm_stacks, options.stack_entries);
  return {};
}

// Every key of a table that `fits`; of one that changes meanwhile, perhaps not all.
template <typename Key, typename Fits>
std::vector<Key> keys_of(const bpf_map* table, Fits fits) {
  std::vector<Key> keys;
  Key key{};
  const Key* previous = nullptr;
  while (bpf_map__get_next_key(table, previous, &key, sizeof(key)) == 0) {
    if (fits(key)) keys.push_back(key);
    previous = &key;
  }
  return keys;
}

}  // namespace

std::uint32_t counter_entries_of_a_host() {
  constexpr std::size_t kBytes = 32U << 20U;
  constexpr std::size_t kMost = 131'072;
  const auto cpus = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
  const auto fit = kBytes / (sizeof(gm_counter) * cpus);
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(fit, TracerOptions{}.counter_entries, kMost));
}

// A start is probed no sooner than what ends it, and no longer: else the next start of a
// goroutine would find a growth open whose end was not seen.
constexpr std::array kEnds{GM_ROLE_CLASSIC_END, GM_ROLE_SWISS_END, GM_ROLE_EVACUATE,
                           GM_ROLE_PRUNE_END};
constexpr std::array kStarts{GM_ROLE_CLASSIC_START, GM_ROLE_TO_TABLE_START, GM_ROLE_REHASH_START,
                             GM_ROLE_PRUNE_START};

struct Tracer::State {
  struct Attachment {
    std::vector<ProbeLink> links;
    std::vector<SiteTable::PlacesByRole> places;
  };
  // Of one binary: what counts growths, and what only --detail buckets has.
  struct Attachments {
    Attachment growths;
    Attachment buckets;
  };

  Skeleton skeleton;
  RingBuffer ring;
  AttachBy attach_by = AttachBy::kUprobeMulti;
  std::map<std::uint32_t, Attachments> attachments;  // by binary
  SiteTable sites;
  std::uint64_t rejected = 0;
  const std::function<void(const gm_record&)>* visit = nullptr;  // during drain() only

  static void add(Attachment& to, Attachment what) {
    std::ranges::move(what.links, std::back_inserter(to.links));
    std::ranges::move(what.places, std::back_inserter(to.places));
  }

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

  // What is attached is in `to`, after an error too.
  Result<void> attach(std::span<const ProbeSite> wanted, std::uint32_t binary,
                      const std::string& path, pid_t pid, Attachment& to) {
    const auto places = TRY(sites.add(skeleton->maps.gm_sites, wanted, binary));
    to.places.push_back(places);
    for (const auto& roles : {kEnds, kStarts})
      for (const auto role : roles)
        if (!places.at(role).offsets.empty())
          TRY_VOID(kernel::attach(program(role), attach_by, path, pid, places.at(role), to.links));
    return {};
  }

  // Its probes are gone when this returns.
  void drop(Attachment attachment) {
    for (const auto& [roles, going] :
         {std::pair{kEnds, GM_STARTS_GO}, std::pair{kStarts, GM_CLOSED}})
      for (const auto& places : attachment.places)
        for (const auto role : roles)
          SiteTable::set_going(skeleton->maps.gm_sites, places.at(role), going);
    take_out(std::move(attachment.links));
    for (const auto& places : attachment.places) sites.remove(places);
  }

  Result<void> set_target(pid_t tgid, __u32 traced) const {
    const auto key = static_cast<__u32>(tgid);
    const int error = bpf_map__update_elem(skeleton->maps.gm_targets, &key, sizeof(key), &traced,
                                           sizeof(traced), BPF_ANY);
    if (error != 0)
      return system_error(fmt::format("adding process {} to the filter", tgid), -error);
    auto& listed = skeleton->bss->gm_listed;
    const bool is_only = listed == GM_NOBODY_LISTED || listed == key;
    __atomic_store_n(&listed, is_only && traced != 0 ? key : 0, __ATOMIC_RELEASE);
    return {};
  }
  void remove_target(std::uint32_t tgid) const {
    auto& listed = skeleton->bss->gm_listed;
    if (listed == tgid) __atomic_store_n(&listed, 0, __ATOMIC_RELEASE);
    (void)bpf_map__delete_elem(skeleton->maps.gm_targets, &tgid, sizeof(tgid), 0);
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

bool is_of_buckets(const ProbeSite& site) {
  const auto role = site.kernel.role;
  return role == GM_ROLE_EVACUATE || role == GM_ROLE_PRUNE_START || role == GM_ROLE_PRUNE_END;
}

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
  state->attach_by = how_to_attach(options.force_perf_uprobes);
  set_attach_type(*skeleton.obj, state->attach_by);
  skeleton.rodata->gm_has_cookies = state->attach_by == AttachBy::kCopies ? 0 : 1;
  skeleton.rodata->gm_all_processes = options.all_processes ? 1 : 0;
  skeleton.rodata->gm_wants_ends = options.end_records ? 1 : 0;
  skeleton.bss->gm_listed = GM_NOBODY_LISTED;
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
  return state_->set_target(tgid, 1);
}

Result<void> Tracer::exclude(pid_t tgid) {
  return state_->set_target(tgid, 0);
}

Result<void> Tracer::attach(std::span<const ProbeSite> sites, std::uint32_t binary, int fd,
                            pid_t pid) {
  // The file itself, whatever has become of its path meanwhile.
  const auto path = fmt::format("/proc/self/fd/{}", fd);
  std::vector<ProbeSite> growths;
  std::vector<ProbeSite> buckets;
  std::ranges::partition_copy(sites, std::back_inserter(buckets), std::back_inserter(growths),
                              is_of_buckets);
  State::Attachments added;
  auto attached = state_->attach(growths, binary, path, pid, added.growths);
  if (attached) attached = state_->attach(buckets, binary, path, pid, added.buckets);
  if (!attached) {
    state_->drop(std::move(added.growths));  // all or none
    state_->drop(std::move(added.buckets));
    return attached;
  }
  auto& all = state_->attachments[binary];
  State::add(all.growths, std::move(added.growths));
  State::add(all.buckets, std::move(added.buckets));
  return {};
}

void Tracer::activate() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 1U, __ATOMIC_RELEASE);
}

void Tracer::deactivate() {
  __atomic_store_n(&state_->skeleton->bss->gm_active, 0U, __ATOMIC_RELEASE);
}

void Tracer::detach() {
  State::Attachment all;
  for (auto& [binary, of] : std::exchange(state_->attachments, {})) {
    State::add(all, std::move(of.growths));
    State::add(all, std::move(of.buckets));
  }
  state_->drop(std::move(all));
}

void Tracer::detach(std::uint32_t binary) {
  auto attachment = state_->attachments.extract(binary);
  if (!attachment) return;
  State::add(attachment.mapped().growths, std::move(attachment.mapped().buckets));
  state_->drop(std::move(attachment.mapped().growths));
}

void Tracer::detach_buckets(std::uint32_t binary) {
  const auto found = state_->attachments.find(binary);
  if (found != state_->attachments.end()) state_->drop(std::exchange(found->second.buckets, {}));
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
  auto reader = TRY(CounterReader::create());
  std::vector<CounterRow> rows;
  TRY_VOID(reader.read(state_->skeleton->maps.gm_counters, rows));
  TRY_VOID(reader.read(state_->skeleton->maps.gm_rest, rows));
  return rows;
}

Result<std::vector<CounterRow>> Tracer::take_counters(
    const std::unordered_set<std::uint32_t>& tgids) {
  auto reader = TRY(CounterReader::create());
  const auto& maps = state_->skeleton->maps;
  const auto is_theirs = [&](const auto& key) { return tgids.contains(key.tgid); };
  std::vector<CounterRow> rows;
  for (const auto* table : {maps.gm_counters, maps.gm_rest}) {
    // All in a few calls; then theirs once more, as they are taken out.
    std::vector<CounterRow> all;
    TRY_VOID(reader.read(table, all));
    for (const auto& [key, value] : all)
      if (is_theirs(key)) reader.take(table, key, rows);
  }
  forget_open(tgids);
  for (const auto& key : keys_of<gm_type_key>(maps.gm_types, is_theirs))
    (void)bpf_map__delete_elem(maps.gm_types, &key, sizeof(key), 0);
  for (const auto tgid : tgids) state_->remove_target(tgid);
  return rows;
}

void Tracer::forget_open(const std::unordered_set<std::uint32_t>& tgids) {
  const auto* open = state_->skeleton->maps.gm_open_growths;
  const auto is_theirs = [&](const gm_growth_id& id) { return tgids.contains(id.tgid); };
  for (const auto& id : keys_of<gm_growth_id>(open, is_theirs))
    (void)bpf_map__delete_elem(open, &id, sizeof(id), 0);
  for (auto& slot : state_->skeleton->bss->gm_slots) {
    auto tgid = __atomic_load_n(&slot.tgid, __ATOMIC_ACQUIRE);
    if (tgid == 0 || !tgids.contains(tgid)) continue;
    // What its goroutine does at its end, if that has not come after all.
    if (__atomic_compare_exchange_n(&slot.tgid, &tgid, 0U, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED))
      __atomic_fetch_sub(&slot.users, 1, __ATOMIC_RELEASE);
  }
}

std::size_t Tracer::make_room_for_stacks(const std::unordered_set<std::uint64_t>& in_use) {
  const auto* stacks = state_->skeleton->maps.gm_stacks;
  const auto ids = keys_of<std::uint64_t>(stacks, [](std::uint64_t) { return true; });
  if (ids.size() < std::size_t{bpf_map__max_entries(stacks)} / 4 * 3) return 0;
  std::size_t dropped = 0;
  for (const auto id : ids)
    if (!in_use.contains(id) && bpf_map__delete_elem(stacks, &id, sizeof(id), 0) == 0) ++dropped;
  return dropped;
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

Result<std::uint64_t> Tracer::hits() const {
  const auto all = TRY(stats());
  return all.at(GM_STAT_HITS_START) + all.at(GM_STAT_HITS_END) + all.at(GM_STAT_HITS_EVACUATE);
}

Tracer::SharedTables Tracer::shared_tables() const {
  const auto& maps = state_->skeleton->maps;
  return {.targets = bpf_map__fd(maps.gm_targets), .stacks = bpf_map__fd(maps.gm_stacks)};
}

std::string_view Tracer::attach_method() const {
  return state_->attach_by == AttachBy::kUprobeMulti ? "uprobe_multi" : "perf_event";
}

}  // namespace gomapd::kernel
