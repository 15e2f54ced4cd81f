// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/analyser.h"

#include <fmt/core.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace gomapd::app {

Result<std::unique_ptr<Analyser>> Analyser::create(analyst::Workshop* workshop,
                                                   std::chrono::milliseconds usual) {
  proc::Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fail(Errc::kSystem, fmt::format("eventfd: {}", errno_text(errno)));
  return std::unique_ptr<Analyser>(new Analyser(workshop, usual, std::move(event)));
}

Analyser::Analyser(analyst::Workshop* workshop, std::chrono::milliseconds usual,
                   proc::Fd done_event)
    : workshop_(workshop), usual_(usual), done_event_(std::move(done_event)) {
  for (std::size_t i = 0; i < kMostAtOnce; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Analyser::~Analyser() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Analyser::submit(proc::File file, std::string name) {
  const std::scoped_lock lock(mutex_);
  jobs_.push_back({std::move(file), std::move(name)});
  changed_.notify_one();
}

std::vector<Analyser::Analysed> Analyser::take() {
  std::uint64_t ignored = 0;
  (void)!read(done_event_.get(), &ignored, sizeof(ignored));
  const std::scoped_lock lock(mutex_);
  return std::exchange(done_, {});
}

// Whether there is a job for the caller; if not, it is to stop.
bool Analyser::wait_for_turn(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (jobs_.empty()) {
      changed_.wait(lock, stop, [this] { return !jobs_.empty(); });
      continue;
    }
    if (begun_.empty()) return true;
    const auto turn = *begun_.rbegin() + usual_;
    if (Clock::now() >= turn) return true;
    changed_.wait_until(lock, stop, turn, [this] { return jobs_.empty() || begun_.empty(); });
  }
  return false;
}

void Analyser::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wait_for_turn(lock, stop)) {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    const auto begun = begun_.insert(Clock::now());
    lock.unlock();
    const auto id = job.file.id();
    auto binary = analyse_binary(*workshop_, std::move(job.file), job.name);
    if (binary) (*binary)->expert.rest();  // hundreds may be analysed, and few asked
    lock.lock();
    begun_.erase(begun);
    changed_.notify_all();
    done_.push_back({id, std::move(binary)});
    const std::uint64_t one = 1;
    (void)!write(done_event_.get(), &one, sizeof(one));
  }
}

}  // namespace gomapd::app
