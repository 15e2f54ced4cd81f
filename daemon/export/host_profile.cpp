// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/host_profile.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace gomapd::exporter {
namespace {

// Stacks and types are shared between states: the same object is the same stack.
using Key = std::tuple<std::uint32_t, const model::Stack*, const model::TypeInfo*>;

Key key_of(const model::HostStack& one) {
  return {one.pid, one.stack.get(), one.type.get()};
}

std::uint64_t less(std::uint64_t from, std::uint64_t what) {
  return from - std::min(from, what);
}

model::Process process_of(const model::HostState& state, const model::HostStack& stack) {
  model::Process process;
  process.pid = stack.pid;
  const auto& workload = state.workloads.at(stack.workload);
  process.exe = workload.identity.exe;
  for (const auto& living : workload.processes)
    if (living.pid == stack.pid) process.go_version = living.go_version;
  return process;
}

}  // namespace

TraceReport host_profile(const model::HostState& after, const model::HostState& before) {
  std::map<Key, const model::HostStack*> earlier;
  for (const auto& stack : before.stacks) earlier.emplace(key_of(stack), &stack);
  static const model::HostStack kNothing;

  TraceReport report;
  report.began_ns = before.time_ns != 0 ? before.time_ns : after.began_ns;
  report.duration_ns = less(after.time_ns, report.began_ns);
  auto& summary = report.summary;
  std::map<std::uint32_t, model::Process> processes;
  for (const auto& stack : after.stacks) {
    const auto found = earlier.find(key_of(stack));
    const auto& then = found == earlier.end() ? kNothing : *found->second;
    model::StackSummary sum;
    sum.counts.started = less(stack.growths, then.growths);
    if (sum.counts.started == 0 && stack.growing_ns == then.growing_ns) continue;
    sum.counts.finished = less(stack.finished, then.finished);
    sum.pid = stack.pid;
    sum.type = stack.type.get();
    sum.stack = stack.stack.get();
    sum.cost.bytes = less(stack.bytes, then.bytes);
    sum.cost.growing_ns = less(stack.growing_ns, then.growing_ns);
    summary.counts.started += sum.counts.started;
    summary.counts.finished += sum.counts.finished;
    summary.cost.bytes += sum.cost.bytes;
    summary.cost.growing_ns += sum.cost.growing_ns;
    processes.try_emplace(stack.pid, process_of(after, stack));
    summary.stacks.push_back(sum);
  }
  for (auto& [pid, process] : processes)
    summary.processes.push_back(
        {.process = std::move(process), .counts = {}, .cost = {}, .by_kind = {}});
  return report;
}

}  // namespace gomapd::exporter
