// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/analyst/workshop.h"
#include "daemon/app/board.h"
#include "daemon/app/event_loop.h"
#include "daemon/app/host.h"
#include "daemon/app/web.h"
#include "daemon/http/server.h"
#include "daemon/kernel/attach.h"
#include "daemon/kernel/features.h"
#include "daemon/privilege/daemon.h"
#include "daemon/proc/process_list.h"
#include "daemon/proc/self.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kStockInterval{1};

HostOptions host_options(const config::DaemonOptions& options) {
  HostOptions host;
  host.detail = options.detail;
  host.max_overhead = options.max_overhead;
  host.ring_bytes = options.ring_bytes;
  host.recover_after = options.recover_after;
  host.scan_interval = options.scan_interval;
  host.selection = options.selection;
  host.ledger.max_workloads = options.max_workloads;
  host.ledger.max_sites = options.max_sites;
  host.ledger.linger = options.linger;
  host.ledger.by_pid = options.metrics_pid;
  host.storm.floor = options.storm.floor;
  host.storm.ratio = options.storm.ratio;
  host.storm.warm_up_s = std::chrono::duration<double>(options.storm.warm_up).count();
  return host;
}

class Daemon {
 public:
  Daemon(std::unique_ptr<Host> host, EventLoop loop, ReadOptions read)
      : host_(std::move(host)), loop_(std::move(loop)), read_(std::move(read)) {}

  Result<void> run(const config::DaemonOptions& options) {
    for (const int fd : host_->inputs()) TRY_VOID(loop_.wake_for(fd));
    TRY_VOID(take_stock());
    TRY_VOID(serve(options));
    sd_notify(0, "READY=1");
    while (true) {
      const auto wakeup = TRY(loop_.wait());
      if (wakeup.interrupted) break;
      TRY_VOID(host_->attend());
      host_->show(board_.watch());
      if (wakeup.reload || board_.take_reload()) reload();
      if (Clock::now() - stock_taken_ >= kStockInterval || TRY(host_->is_pressed()))
        TRY_VOID(take_stock());
    }
    sd_notify(0, "STOPPING=1");
    spdlog::info("ending");
    if (server_) server_->stop();
    return {};
  }

 private:
  Result<void> serve(const config::DaemonOptions& options) {
    http::ServerOptions web;
    web.listeners = TRY(http::inherited_listeners());
    if (web.listeners.empty()) web.addresses = options.listen_addresses;
    web.web_config_file = options.web_config_file;
    web.routes = web_routes(&board_, options.enable_lifecycle ? Lifecycle::kOn : Lifecycle::kOff);
    web.log = [](const std::string& line) { spdlog::warn("web: {}", line); };
    server_.emplace(TRY(http::Server::start(std::move(web))));
    for (const auto& endpoint : server_->endpoints())
      fmt::print(stderr, "gomapd: listening on {}\n", endpoint);
    for (const auto& endpoint : server_->unprotected())
      spdlog::warn("{} is open to other hosts, without TLS and passwords: --web.config.file",
                   endpoint);
    return {};
  }

  Result<void> take_stock() {
    stock_taken_ = Clock::now();
    board_.post(TRY(host_->take_stock()));
    if (server_) board_.post(server_->counts());
    sd_notify(0, "WATCHDOG=1");
    return {};
  }

  // The old options stay where the new ones are wrong.
  void reload() {
    const auto since_boot =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(since_boot.count()));
    if (const auto options = read_()) {
      host_->reload(host_options(*options));
      spdlog::info("the configuration was read again");
    } else {
      spdlog::error("the configuration stays as it was: {}", options.error().context);
    }
    sd_notify(0, "READY=1");
  }

  Board board_;  // outlives the server
  std::unique_ptr<Host> host_;
  EventLoop loop_;
  ReadOptions read_;
  std::optional<http::Server> server_;
  Clock::time_point stock_taken_;
};

bool is_low_port(const std::string& address) {
  const auto digits = std::string_view(address).substr(address.rfind(':') + 1);
  unsigned port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port > 0 && port < 1024;
}

privilege::DaemonNeeds needs_of(const config::DaemonOptions& options) {
  return {.old_attach = !kernel::has_uprobe_multi(),
          .binds_low_port = std::ranges::any_of(options.listen_addresses, is_low_port)};
}

void tell_what_is_seen() {
  const auto view = proc::own_pid_view();
  if (view && !view->initial_namespace)
    spdlog::warn("in a PID namespace of its own: only its processes are traced");
  if (view && !view->proc_is_own)
    spdlog::warn("/proc is another PID namespace's: mount this one's own, or share the host's");
}

}  // namespace

Result<void> run_daemon(const config::DaemonOptions& options, const ReadOptions& read) {
  proc::raise_file_limit();
  tell_what_is_seen();
  // Forked before there are threads, BPF programs, keys and listening sockets.
  auto workshop = TRY(analyst::Workshop::start());
  kernel::prepare_libbpf();  // raises a limit, which may take a capability
  TRY_VOID(privilege::become_daemon(needs_of(options)));
  // Blocks the signals that it watches, before there are threads to get them.
  auto loop = TRY(EventLoop::create(kTick, HangUp::kReloads));
  auto host = TRY(Host::create(host_options(options), &workshop));
  return Daemon(std::move(host), std::move(loop), read).run(options);
}

}  // namespace gomapd::app
