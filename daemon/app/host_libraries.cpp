// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/host_libraries.h"

#include <fmt/core.h>

#include <iterator>

#include "daemon/analyst/analyst.h"
#include "daemon/app/go_code.h"

namespace gomapd::app {

HostLibraries::HostLibraries(analyst::Workshop* workshop)
    : workshop_(workshop), thread_([this](const std::stop_token& stop) { work(stop); }) {}

void HostLibraries::watch(const Look& look, Clock::time_point now) {
  if (look.number < std::size(kPauses)) looks_.emplace(now + kPauses[look.number], look);
}

std::vector<HostLibraries::Look> HostLibraries::due(Clock::time_point now) {
  std::vector<Look> due;
  while (!looks_.empty() && looks_.begin()->first <= now && due.size() < kMostAtOnce) {
    due.push_back(looks_.begin()->second);
    looks_.erase(looks_.begin());
  }
  return due;
}

void HostLibraries::search(const Look& look) {
  const std::scoped_lock lock(mutex_);
  searches_.push_back(look);
  has_searches_.notify_one();
}

std::vector<HostLibraries::Found> HostLibraries::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(found_, {});
}

void HostLibraries::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (has_searches_.wait(lock, stop, [this] { return !searches_.empty(); })) {
    const auto look = searches_.front();
    searches_.pop_front();
    lock.unlock();
    auto library = find(static_cast<pid_t>(look.pid));
    lock.lock();
    found_.push_back({look, std::move(library)});
    if (stop.stop_requested()) return;
  }
}

Result<std::optional<proc::Library>> HostLibraries::find(pid_t pid) {
  std::optional<proc::Library> found;
  for (auto& code : proc::mapped_code_of(pid)) {
    if (others_.contains({code.file, code.path})) continue;
    auto file = proc::open_mapped(pid, code);
    if (!file) continue;
    const auto version = analyst::Analyst(workshop_, file->fd()).library_version();
    if (!version && version.error().code == Errc::kReaderFailed)
      return add_context(code.path, version.error());
    if (!version) {
      if (others_.size() >= kMaxRemembered) others_.clear();
      others_.emplace(std::move(code.file), std::move(code.path));
      continue;
    }
    TRY_VOID(check_library_version(*version, code.path));
    if (found)
      return fail(
          Errc::kUnsupported,
          fmt::format("can't be traced: it has loaded two Go libraries ({}, {}), each with a "
                      "runtime of its own",
                      found->path, code.path));
    found.emplace(std::move(code.path), *std::move(file));
  }
  return found;
}

}  // namespace gomapd::app
