// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/governing.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/app/echoes.h"
#include "daemon/export/terminal.h"

namespace gomapd::app {
namespace {

// Each growth that is counted takes two: where it begins and where it ends.
constexpr double kHitsAGrowth = 2;

std::string_view name_of(model::ProbeLevel level) {
  switch (level) {
    case model::ProbeLevel::kSampled: return "growths are sampled";
    case model::ProbeLevel::kGrowth: return "growths are counted";
    case model::ProbeLevel::kBuckets: return "growths and moved buckets are counted";
  }
  return "";
}

std::vector<model::SampleRow> rows_of(const std::vector<kernel::SampleRow>& described,
                                      std::uint32_t pid) {
  std::vector<model::SampleRow> rows;
  for (const auto& [key, value] : described)
    if (key.tgid == pid) rows.push_back({key, value.binary, value.described, value.max_keys});
  return rows;
}

}  // namespace

std::uint64_t hits_of(const gm_counter& counter) {
  return counter.started + counter.finished + counter.finished_only + counter.evacuated;
}

std::uint64_t bucket_hits_of(const gm_counter_key& key, const gm_counter& counter) {
  const bool is_classic = key.kind == GM_KIND_DOUBLE || key.kind == GM_KIND_SAME_SIZE;
  return is_classic ? counter.started << std::min<unsigned>(key.old_log2, 40) : 0;
}

Governing::Governing(const model::GovernorRules& rules, model::ProbeLevel wanted,
                     const Costs& costs, kernel::Tracer* tracer, const BinaryTable* table,
                     std::unique_ptr<GrowthWindows> windows)
    : rules_(rules),
      wanted_(wanted),
      costs_(costs),
      tracer_(tracer),
      table_(table),
      windows_(std::move(windows)) {
  if (!windows_) rules_.lowest = model::ProbeLevel::kGrowth;
}

Governing::Entry& Governing::entry_of(std::uint32_t binary) {
  return entries_.try_emplace(binary, Entry{.governor = model::Governor(rules_, wanted_)})
      .first->second;
}

void Governing::collect(model::EstimateSink& sink, TraceResolver& resolver, ProbeUses& uses) {
  if (!windows_) return;
  for (const auto& line : windows_->take_failures()) spdlog::warn("sampling: {}", line);
  for (const auto& window : windows_->take()) {
    sampled_hits_ += window.hits;
    const auto* binary = table_->find(window.binary);
    const auto found = entries_.find(window.binary);
    if (binary == nullptr || found == entries_.end()) continue;
    const auto design = binary->plan.design.value_or(go::Design::kClassic);
    double growths = 0;
    for (const auto& process : window.processes) growths += process.growths;
    for (const auto& process : window.processes) {
      sink.estimate(process.pid, design, process.growths, process.variance,
                    rows_of(window.described, process.pid), resolver);
      if (growths > 0) uses[process.pid].probe_ns += window.probe_ns * process.growths / growths;
    }
    found->second.sampled_growths += growths;
  }
}

void Governing::advance(std::span<const Governed> all, const ProbeUses& uses, double seconds,
                        model::EstimateSink& sink) {
  for (const auto& of : all) {
    auto& entry = entry_of(of.number);
    model::Governor::Use use{.seconds = seconds};
    double bucket_hits = 0;
    for (const auto pid : of.processes) {
      const auto found = uses.find(pid);
      if (found == uses.end()) continue;
      use.probe_ns += found->second.probe_ns;
      use.cpu_ns += found->second.cpu_ns;
      bucket_hits += found->second.bucket_hits;
    }
    const auto before = entry.governor.level();
    if (before == model::ProbeLevel::kSampled) {
      use.higher_ns = entry.sampled_growths * kHitsAGrowth * costs_.exact.ns;
      windows_->set_processes(of.number, {of.processes.begin(), of.processes.end()});
    } else {
      use.higher_ns = use.probe_ns + bucket_hits * costs_.exact.ns;
    }
    entry.sampled_growths = 0;
    const auto now = entry.governor.advance(use);
    if (now == before) continue;
    spdlog::info(
        "{}: {} from now on, at most {:.2g} % of its CPU time may go to probes ({:.2g} % "
        "did in the last {:.1f} s)",
        exporter::escape(of.name), name_of(now), rules_.max_overhead * 100,
        use.cpu_ns > 0 ? use.probe_ns / use.cpu_ns * 100 : 0.0, seconds);
    change(of, before, now, sink);
  }
}

void Governing::sample(const Governed& of) {
  const auto& file = table_->at(of.number);
  windows_->sample({.binary = of.number,
                    .fd = file.file.fd(),
                    .sites = sites_with_echoes(file.plan, file.file.fd()),
                    .pid = of.pid},
                   {of.processes.begin(), of.processes.end()});
}

void Governing::change(const Governed& of, model::ProbeLevel from, model::ProbeLevel to,
                       model::EstimateSink& sink) {
  if (to == model::ProbeLevel::kSampled) {
    sample(of);  // reads clocks first: what happens from now on is estimated
    tracer_->detach(of.number);
    tracer_->forget_open({of.processes.begin(), of.processes.end()});
    for (const auto pid : of.processes) sink.forget_open(pid);
    return;
  }
  if (from == model::ProbeLevel::kBuckets) return tracer_->detach_buckets(of.number);
  if (from == model::ProbeLevel::kSampled) windows_->release(of.number);
  const auto& file = table_->at(of.number);
  const auto wanted =
      file.plan.sites_for(to == model::ProbeLevel::kBuckets ? Detail::kBuckets : Detail::kGrowth);
  std::vector<ProbeSite> missing;
  for (const auto& site : wanted)
    if (to == model::ProbeLevel::kGrowth || kernel::is_of_buckets(site)) missing.push_back(site);
  const auto attached = tracer_->attach(missing, of.number, file.file.fd(), of.pid);
  if (attached) return;
  spdlog::error("{}: {}", exporter::escape(of.name), exporter::escape(attached.error().context));
  // As it was before; it is tried again later.
  entry_of(of.number).governor.stay_at(from);
  if (from == model::ProbeLevel::kSampled) sample(of);
}

bool Governing::counts_all() const {
  return std::ranges::all_of(
      entries_, [&](const auto& one) { return one.second.governor.level() == wanted_; });
}

model::ProbeLevel Governing::level(std::uint32_t binary) const {
  const auto found = entries_.find(binary);
  return found == entries_.end() ? wanted_ : found->second.governor.level();
}

void Governing::end_windows(std::uint32_t binary) {
  if (windows_) windows_->release(binary);
}

void Governing::forget(std::uint32_t binary) {
  end_windows(binary);
  entries_.erase(binary);
}

}  // namespace gomapd::app
