// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <vector>

#include "bpf/interface.h"
#include "daemon/kernel/tracer.h"

namespace gomapd::kernel {

// Reads per-CPU tables of counters, each row summed over the CPUs.
class CounterReader {
 public:
  [[nodiscard]] static Result<CounterReader> create();

  // Adds every row of `table`, in as few system calls as the kernel lets us. A row
  // that comes up meanwhile may be missing.
  [[nodiscard]] Result<void> read(const bpf_map* table, std::vector<CounterRow>& rows);

  // Adds the row of `key`, if there is one, and takes it out of `table`. Kernels
  // before 5.14 can't do both in one step: what is counted in between is lost there.
  void take(const bpf_map* table, const gm_counter_key& key, std::vector<CounterRow>& rows);

 private:
  explicit CounterReader(std::size_t cpus) : cpus_(cpus) {}

  std::size_t cpus_;
  std::vector<gm_counter_key> keys_;
  std::vector<gm_counter> values_;  // cpus_ for each key
};

}  // namespace gomapd::kernel
