// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/assign_sampling.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

namespace gomapd::app {

Result<std::unique_ptr<AssignSampling>> AssignSampling::create(const AssignSamplingOptions& options,
                                                               const BinaryTable* binaries,
                                                               TraceResolver* resolver,
                                                               const kernel::Tracer* tracer) {
  kernel::AssignProbesOptions probes_options;
  probes_options.force_perf_uprobes = options.force_perf_uprobes;
  auto probes = TRY(kernel::AssignProbes::load(probes_options));
  const auto cost = probes.measure_hit_cost();
  std::unique_ptr<AssignSampling> sampling(new AssignSampling(options, binaries, resolver, tracer));
  sampling->windows_ =
      std::make_unique<AssignWindows>(std::move(probes), cost, options.max_overhead);
  return sampling;
}

Result<void> AssignSampling::add(const model::Process& process, std::uint32_t binary,
                                 const proc::Fd& pidfd) {
  const auto& traced = binaries_->at(binary);
  const auto& plan = traced.plan;
  if (!plan.assign_refusal.empty())
    return fail(Errc::kUnsupported,
                fmt::format("process {} ({}): its map assignments can't be probed: {}", process.pid,
                            process.exe, plan.assign_refusal));
  const auto pid = static_cast<pid_t>(process.pid);
  designs_[pid] = process.design;
  return windows_->add(pid, binary, traced.file.fd(), pidfd.get(), plan.assign_sites());
}

void AssignSampling::collect() {
  for (const auto& raw : windows_->take()) {
    pending_.push_back(decode(raw));
    estimator_.add(pending_.back());
  }
}

void AssignSampling::take_before(std::uint64_t horizon_ns,
                                 const std::function<void(const model::AssignWindow&)>& visit) {
  for (; !pending_.empty() && pending_.front().monotonic_ns < horizon_ns; pending_.pop_front())
    visit(pending_.front());
}

model::AssignWindow AssignSampling::decode(const RawAssignWindow& raw) {
  std::vector<model::AssignRow> rows;
  rows.reserve(raw.counts.rows.size());
  for (const auto& [key, value] : raw.counts.rows) rows.push_back({key, value});
  const auto is_busy = [&](std::uint32_t tid) {
    return std::ranges::find(raw.busy_threads, static_cast<pid_t>(tid)) != raw.busy_threads.end();
  };
  std::vector<model::AssignThread> threads;
  threads.reserve(raw.counts.threads.size());
  for (const auto& [tid, pace] : raw.counts.threads) threads.push_back({tid, pace, is_busy(tid)});
  const auto cost = windows_->hit_cost();
  return {.pid = static_cast<std::uint32_t>(raw.pid),
          .design = designs_.at(raw.pid),
          .monotonic_ns = raw.monotonic_ns,
          .window_ns = raw.window_ns,
          .stands_for_ns = raw.stands_for_ns,
          .cut = raw.cut,
          .counts = model::count_assigns(rows, threads, {cost.ns, cost.error_ns}, *this)};
}

// A type made at run time is known once a map of it has grown; until then the
// resolver must not be asked, for it would remember that it is not.
const model::TypeInfo& AssignSampling::type(std::uint32_t binary, std::uint32_t pid,
                                            std::uint64_t address) {
  static const model::TypeInfo kUnknown;
  const auto* traced = binaries_->find(binary);
  if (traced == nullptr) return kUnknown;
  const auto& moduledata = traced->plan.moduledata;
  const bool linked = address >= moduledata.types && address < moduledata.etypes;
  if (!linked && !tracer_->made_type(pid, address)) return kUnknown;
  return resolver_->type(binary, pid, address);
}

const symbol::Frame& AssignSampling::caller(std::uint32_t binary, std::uint64_t pc) {
  auto [found, is_new] = callers_.try_emplace({binary, pc});
  auto& frame = found->second;
  const auto* traced = binaries_->find(binary);
  if (!is_new || traced == nullptr) return frame;
  auto& analyst = binaries_->analyst_of(*traced);
  const std::array pcs{pc};
  if (const auto frames = analyst.symbolize(pcs, symbol::RuntimeFrames::kFold); !frames.empty()) {
    frame = frames.front();
  } else if (auto outer = analyst.function_at(pc - 1)) {
    // Through reflect: its own function is all that one return address tells.
    frame = *std::move(outer);
  }
  return frame;
}

Result<exporter::AssignReport> AssignSampling::report() const {
  const auto spending = windows_->spending();
  const auto cost = windows_->hit_cost();
  return exporter::AssignReport{.summary = estimator_.summary(),
                                .hit_ns = cost.ns,
                                .hit_error_ns = cost.error_ns,
                                .hit_measured = cost.measured,
                                .max_overhead = options_.max_overhead,
                                .probe_ns = spending.probe_ns,
                                .cpu_ns = spending.cpu_ns,
                                .failure = spending.failure,
                                .stats = TRY(windows_->stats())};
}

}  // namespace gomapd::app
