// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/event_loop.h"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace gomapd::app {
namespace {

std::unexpected<Error> loop_error(const char* call) {
  return fail(Errc::kSystem, fmt::format("{}: {}", call, errno_text(errno)));
}

sigset_t watched_signals(HangUp hang_up) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (hang_up == HangUp::kReloads) sigaddset(&set, SIGHUP);
  return set;
}

Result<void> add(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return loop_error("epoll_ctl");
  return {};
}

}  // namespace

Result<EventLoop> EventLoop::create(std::chrono::milliseconds tick, HangUp hang_up) {
  EventLoop loop;
  const auto set = watched_signals(hang_up);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Writing to a pipe that `head` has closed is an error to report, not a death
  // that would leave a started command behind.
  signal(SIGPIPE, SIG_IGN);
  loop.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_) return loop_error("epoll_create1");
  loop.signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!loop.signals_) return loop_error("signalfd");
  loop.timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!loop.timer_) return loop_error("timerfd_create");
  const auto ns = std::chrono::nanoseconds(tick).count();
  const timespec interval{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  const itimerspec spec{.it_interval = interval, .it_value = interval};
  if (timerfd_settime(loop.timer_.get(), 0, &spec, nullptr) != 0)
    return loop_error("timerfd_settime");
  TRY_VOID(add(loop.epoll_.get(), loop.signals_.get()));
  TRY_VOID(add(loop.epoll_.get(), loop.timer_.get()));
  return loop;
}

Result<void> EventLoop::watch(int pidfd) {
  return add(epoll_.get(), pidfd);
}

Result<void> EventLoop::wake_for(int fd) {
  inputs_.push_back(fd);
  return add(epoll_.get(), fd);
}

Result<Wakeup> EventLoop::wait() {
  Wakeup wakeup;
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
  if (count < 0) {
    if (errno == EINTR) return wakeup;
    return loop_error("epoll_wait");
  }
  for (const auto& event : std::span(events).first(static_cast<std::size_t>(count))) {
    const int fd = event.data.fd;
    if (fd == signals_.get()) {
      signalfd_siginfo info{};
      if (read(fd, &info, sizeof(info)) != sizeof(info)) continue;
      (info.ssi_signo == SIGHUP ? wakeup.reload : wakeup.interrupted) = true;
    } else if (fd == timer_.get()) {
      std::uint64_t expirations = 0;
      wakeup.tick = read(fd, &expirations, sizeof(expirations)) == sizeof(expirations);
    } else if (std::ranges::find(inputs_, fd) == inputs_.end()) {
      wakeup.exited.push_back(fd);
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
  }
  return wakeup;
}

}  // namespace gomapd::app
