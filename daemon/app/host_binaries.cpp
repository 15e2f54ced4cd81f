// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/host_binaries.h"

#include <algorithm>
#include <utility>

namespace gomapd::app {

const HostBinaries::Entry& HostBinaries::started(std::uint32_t pid, proc::File file,
                                                 const std::string& path) {
  const auto id = file.id();
  if (entries_.size() >= kMaxRefused) forget_some_refusals();
  const auto [found, is_new] = entries_.try_emplace(id);
  auto& entry = found->second;
  entry.processes.insert(pid);
  if (is_new) {
    entry.name = path.substr(path.rfind('/') + 1);
    analyser_->submit(std::move(file), path);
  }
  return entry;
}

const HostBinaries::Entry* HostBinaries::joined(std::uint32_t pid, const proc::FileId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  found->second.processes.insert(pid);
  return &found->second;
}

void HostBinaries::exited(std::uint32_t pid, const proc::FileId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  entry.processes.erase(pid);
  if (entry.processes.empty()) entry.idle_since = ++uses_;
}

bool HostBinaries::traces(const proc::FileId& id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.standing == Standing::kTraced;
}

std::optional<std::uint32_t> HostBinaries::number_of(const proc::FileId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.standing != Standing::kTraced) return std::nullopt;
  return found->second.number;
}

std::vector<const HostBinaries::Entry*> HostBinaries::traced() const {
  std::vector<const Entry*> all;
  for (const auto& [id, entry] : entries_)
    if (entry.standing == Standing::kTraced) all.push_back(&entry);
  return all;
}

std::string HostBinaries::name_of(std::uint32_t number) const {
  for (const auto& [id, entry] : entries_)
    if (entry.standing == Standing::kTraced && entry.number == number) return entry.name;
  return {};
}

std::vector<const HostBinaries::Entry*> HostBinaries::settle() {
  std::vector<const Entry*> settled;
  for (auto& analysed : analyser_->take()) {
    const auto found = entries_.find(analysed.id);
    if (found == entries_.end()) continue;
    settle_one(std::move(analysed), found->second);
    settled.push_back(&found->second);
  }
  return settled;
}

void HostBinaries::settle_one(Analyser::Analysed analysed, Entry& entry) {
  entry.idle_since = ++uses_;
  if (!analysed.binary) {
    const auto& error = analysed.binary.error();
    entry.standing = error.code == Errc::kNotGo || error.code == Errc::kMalformed
                         ? Standing::kNotGo
                         : Standing::kRefused;
    entry.code = error.code;
    entry.reason = error.context;
    return;
  }
  const auto number = table_->add(*std::move(analysed.binary));
  const auto& binary = table_->at(number);
  const auto attached = tracer_->attach(binary.plan.sites_for(detail_), number, binary.file.fd(),
                                        kernel::kAllProcesses);
  if (!attached) {
    entry.standing = Standing::kRefused;
    entry.code = attached.error().code;
    entry.reason = attached.error().context;
    table_->remove(number);
    return;
  }
  entry.standing = Standing::kTraced;
  entry.number = number;
}

std::vector<std::uint32_t> HostBinaries::surplus() const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> idle;
  for (const auto& [id, entry] : entries_)
    if (entry.standing == Standing::kTraced && entry.processes.empty())
      idle.emplace_back(entry.idle_since, entry.number);
  if (idle.size() <= kMaxIdle) return {};
  std::ranges::sort(idle);
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < idle.size() - kMaxIdle; ++i) numbers.push_back(idle[i].second);
  return numbers;
}

std::vector<std::uint32_t> HostBinaries::deleted() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [id, entry] : entries_)
    if (entry.standing == Standing::kTraced && entry.processes.empty() &&
        table_->at(entry.number).file.is_deleted())
      numbers.push_back(entry.number);
  return numbers;
}

void HostBinaries::forget(std::uint32_t number) {
  tracer_->detach(number);
  table_->remove(number);
  std::erase_if(entries_, [&](const auto& one) {
    return one.second.standing == Standing::kTraced && one.second.number == number;
  });
}

// They are analysed again if they are met again.
void HostBinaries::forget_some_refusals() {
  std::size_t kept = 0;
  std::erase_if(entries_, [&](const auto& one) {
    const auto& entry = one.second;
    return entry.processes.empty() &&
           (entry.standing == Standing::kNotGo || entry.standing == Standing::kRefused) &&
           ++kept % 2 == 0;
  });
}

}  // namespace gomapd::app
