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

model::HostStack nothing_of(const model::HostStack& one) {
  model::HostStack nothing;
  nothing.workload = one.workload;
  nothing.pid = one.pid;
  nothing.stack = one.stack;
  nothing.type = one.type;
  return nothing;
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
  const bool since_the_start = before.time_ns == 0;
  std::map<Key, model::HostStack> grown;
  for (const auto& stack : after.stacks) {
    // Who had gone long before, and who has just been counted among them.
    if (stack.pid == 0 && !since_the_start) continue;
    auto& sum = grown.try_emplace(key_of(stack), nothing_of(stack)).first->second;
    sum.growths += stack.growths;
    sum.finished += stack.finished;
    sum.bytes += stack.bytes;
    sum.growing_ns += stack.growing_ns;
  }
  for (const auto& stack : before.stacks) {
    const auto found = grown.find(key_of(stack));
    if (found == grown.end()) continue;
    auto& sum = found->second;
    sum.growths = less(sum.growths, stack.growths);
    sum.finished = less(sum.finished, stack.finished);
    sum.bytes = less(sum.bytes, stack.bytes);
    sum.growing_ns = less(sum.growing_ns, stack.growing_ns);
  }

  TraceReport report;
  report.began_ns = since_the_start ? after.began_ns : before.time_ns;
  report.duration_ns = less(after.running_ns, before.running_ns);
  auto& summary = report.summary;
  std::map<std::uint32_t, model::Process> processes;
  for (const auto& [key, stack] : grown) {
    if (stack.growths == 0 && stack.growing_ns == 0) continue;
    model::StackSummary sum;
    sum.pid = stack.pid;
    sum.type = stack.type.get();
    sum.stack = stack.stack.get();
    sum.counts.started = stack.growths;
    sum.counts.finished = stack.finished;
    sum.cost.bytes = stack.bytes;
    sum.cost.growing_ns = stack.growing_ns;
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
