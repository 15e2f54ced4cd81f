// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bpf/interface.h"

namespace gomapd::app {

// What happened at a time: a record from the kernel, or the end of a process.
struct Moment {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  std::optional<gm_record> record;
  std::size_t exited = 0;  // which process, when there is no record
};

// Puts moments into the order of their times. The ring keeps the order of
// reservation, which two CPUs can take in another order than their clock
// readings, and it knows nothing of processes' ends; so what is taken out stays
// behind the clock by more than a program can be held up between the two.
class Moments {
 public:
  void add(const gm_record& record) { pending_.push_back({record.time_ns, record, 0}); }
  void add_exit(std::uint64_t time_ns, std::size_t process) {
    pending_.push_back({time_ns, std::nullopt, process});
  }

  // Hands out what happened before `horizon_ns`, in order.
  void take_before(std::uint64_t horizon_ns, const std::function<void(const Moment&)>& visit) {
    std::ranges::sort(pending_, {}, &Moment::time_ns);
    const auto end = std::ranges::lower_bound(pending_, horizon_ns, {}, &Moment::time_ns);
    std::for_each(pending_.begin(), end, visit);
    pending_.erase(pending_.begin(), end);
  }

 private:
  std::vector<Moment> pending_;
};

}  // namespace gomapd::app
