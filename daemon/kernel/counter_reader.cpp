// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/counter_reader.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>

#include "daemon/kernel/attach.h"

namespace gomapd::kernel {
namespace {

// Rows a system call. The kernel hands out whole hash buckets, of which a table
// has as many as entries: this is far more than one holds.
constexpr std::size_t kBatch = 1024;

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
    for (std::size_t i = 0; i < std::size(total.durations); ++i)
      total.durations[i] += one.durations[i];
    total.max_duration_ns = std::max(total.max_duration_ns, one.max_duration_ns);
    total.max_keys = std::max(total.max_keys, one.max_keys);
    if (one.started + one.finished + one.finished_only + one.evacuated + one.pruned != 0) {
      total.bias = one.bias;
      total.binary = one.binary;
    }
  }
  return total;
}

}  // namespace

Result<CounterReader> CounterReader::create() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("number of CPUs", -cpus);
  return CounterReader(static_cast<std::size_t>(cpus));
}

Result<void> CounterReader::read(const bpf_map* table, std::vector<CounterRow>& rows) {
  keys_.resize(kBatch);
  values_.resize(kBatch * cpus_);
  LIBBPF_OPTS(bpf_map_batch_opts, options);
  __u32 position = 0;
  for (bool is_first = true, is_last = false; !is_last; is_first = false) {
    __u32 count = kBatch;
    const int error =
        bpf_map_lookup_batch(bpf_map__fd(table), is_first ? nullptr : &position, &position,
                             keys_.data(), values_.data(), &count, &options);
    if (error != 0 && error != -ENOENT) return system_error("reading the counters", -error);
    is_last = error == -ENOENT;
    for (std::size_t i = 0; i < count; ++i)
      rows.push_back({keys_[i], merge(std::span(values_).subspan(i * cpus_, cpus_))});
  }
  return {};
}

void CounterReader::take(const bpf_map* table, const gm_counter_key& key,
                         std::vector<CounterRow>& rows) {
  const int fd = bpf_map__fd(table);
  values_.resize(std::max(values_.size(), cpus_));
  if (bpf_map_lookup_and_delete_elem(fd, &key, values_.data()) != 0) {
    if (bpf_map_lookup_elem(fd, &key, values_.data()) != 0) return;
    (void)bpf_map_delete_elem(fd, &key);
  }
  rows.push_back({key, merge(std::span(values_).first(cpus_))});
}

}  // namespace gomapd::kernel
