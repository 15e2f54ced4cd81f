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

Result<std::unique_ptr<Analyser>> Analyser::create(analyst::Workshop* workshop) {
  proc::Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fail(Errc::kSystem, fmt::format("eventfd: {}", errno_text(errno)));
  return std::unique_ptr<Analyser>(new Analyser(workshop, std::move(event)));
}

Analyser::Analyser(analyst::Workshop* workshop, proc::Fd done_event)
    : workshop_(workshop),
      done_event_(std::move(done_event)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

Analyser::~Analyser() {
  thread_.request_stop();
  thread_.join();
}

void Analyser::submit(proc::File file, std::string name) {
  const std::scoped_lock lock(mutex_);
  jobs_.push_back({std::move(file), std::move(name)});
  has_jobs_.notify_one();
}

std::vector<Analyser::Analysed> Analyser::take() {
  std::uint64_t ignored = 0;
  (void)!read(done_event_.get(), &ignored, sizeof(ignored));
  const std::scoped_lock lock(mutex_);
  return std::exchange(done_, {});
}

void Analyser::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (has_jobs_.wait(lock, stop, [this] { return !jobs_.empty(); })) {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const auto id = job.file.id();
    auto binary = analyse_binary(*workshop_, std::move(job.file), job.name);
    if (binary) (*binary)->expert.rest();  // hundreds may be analysed, and few asked
    lock.lock();
    done_.push_back({id, std::move(binary)});
    const std::uint64_t one = 1;
    (void)!write(done_event_.get(), &one, sizeof(one));
    if (stop.stop_requested()) return;
  }
}

}  // namespace gomapd::app
