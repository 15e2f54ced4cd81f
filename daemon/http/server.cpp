// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <list>
#include <system_error>
#include <thread>

#include "daemon/http/conversation.h"
#include "daemon/http/response_head.h"

namespace gomapd::http {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Descriptors or memory are short: the next try is not at once.
constexpr int kPauseMilliseconds = 100;

// Makes an eventfd readable.
void signal_event(const Socket& event) {
  const std::uint64_t one = 1;
  (void)!write(event.get(), &one, sizeof(one));
}

Result<Socket> create_event() {
  Socket event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.get() < 0) return fail(Errc::kSystem, "eventfd: " + errno_text(errno));
  return event;
}

// Signals are the main thread's: no thread of ours is interrupted, and writing to a
// closed connection is an error and no SIGPIPE. Threads inherit this.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

bool is_via_loopback(const Socket& socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  return getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
         is_loopback_address(own);
}

std::string speak_tls() {
  const auto response = plain_response(400, "This address speaks HTTPS: use https://.");
  return serialize_head(response, Connection::kClose, std::time(nullptr)) + response.body;
}

}  // namespace

class Server::Impl {
 public:
  Impl(std::vector<Listener> listeners, Router router, std::unique_ptr<WebSettingsFile> settings,
       const Limits& limits, Socket stop, Socket ended)
      : listeners_(std::move(listeners)),
        limits_(limits),
        service_(std::move(router), std::move(settings), limits.slow_requests),
        stop_(std::move(stop)),
        ended_(std::move(ended)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  [[nodiscard]] Result<void> run() {
    try {
      acceptor_ = std::thread([this] { accept_all(); });
    } catch (const std::system_error& error) {
      return fail(Errc::kSystem, std::string("no thread: ") + error.what());
    }
    return {};
  }

  void stop() {
    signal_event(stop_);
    if (acceptor_.joinable()) acceptor_.join();
    listeners_.clear();
  }

  [[nodiscard]] const std::vector<Listener>& listeners() const { return listeners_; }
  [[nodiscard]] Service& service() { return service_; }

 private:
  struct Connected {
    Peer peer;
    std::thread thread;
    std::atomic<bool> ended{false};
  };

  void accept_all();
  // Waits until something is to be done. False: the end.
  [[nodiscard]] bool wait();
  void join_ended();
  void accept_from(const Listener& listener);
  void start_thread(Socket socket, const sockaddr_storage& address);
  void converse(Socket socket, const Peer& peer);
  [[nodiscard]] std::size_t count_of(const Peer& peer) const;

  std::vector<Listener> listeners_;
  const Limits limits_;
  Service service_;
  const Socket stop_;                 // readable from stop() on
  const Socket ended_;                // readable when a connection's thread has come to its end
  std::list<Connected> connected_;    // the acceptor's
  std::atomic<std::size_t> live_{0};  // its size
  std::thread acceptor_;
};

bool Server::Impl::wait() {
  std::vector<pollfd> fds{{stop_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
  if (live_ < limits_.connections)
    for (const auto& listener : listeners_) fds.push_back({listener.socket.get(), POLLIN, 0});
  poll(fds.data(), fds.size(), -1);
  std::uint64_t count = 0;
  (void)!read(ended_.get(), &count, sizeof(count));
  return fds.front().revents == 0;
}

void Server::Impl::join_ended() {
  for (auto at = connected_.begin(); at != connected_.end();) {
    if (!at->ended) {
      ++at;
      continue;
    }
    at->thread.join();
    at = connected_.erase(at);
    --live_;
  }
}

void Server::Impl::accept_all() {
  block_signals();
  while (wait()) {
    join_ended();
    for (const auto& listener : listeners_)
      if (live_ < limits_.connections) accept_from(listener);
  }
  for (auto& connected : connected_) connected.thread.join();
  connected_.clear();
  live_ = 0;
}

std::size_t Server::Impl::count_of(const Peer& peer) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      connected_, [&](const Connected& other) { return other.peer.group == peer.group; }));
}

void Server::Impl::accept_from(const Listener& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  Socket socket(accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), &size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.get() >= 0) {
    start_thread(std::move(socket), address);
  } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
    pollfd stop{stop_.get(), POLLIN, 0};
    poll(&stop, 1, kPauseMilliseconds);
  }
}

void Server::Impl::start_thread(Socket socket, const sockaddr_storage& address) {
  ++service_.counters.connections;
  auto peer = peer_of(address);
  if (count_of(peer) >= limits_.connections_per_peer) {
    ++service_.counters.refused_connections;
    return;
  }
  auto& connected = connected_.emplace_back();
  connected.peer = std::move(peer);
  ++live_;
  try {
    connected.thread = std::thread([this, &connected, owned = std::move(socket)]() mutable {
      converse(std::move(owned), connected.peer);
      connected.ended = true;
      signal_event(ended_);
    });
  } catch (const std::system_error&) {  // no thread to be had
    ++service_.counters.refused_connections;
    connected_.pop_back();
    --live_;
  }
}

void Server::Impl::converse(Socket socket, const Peer& peer) {
  const int yes = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  const Caller caller{peer, is_via_loopback(socket)};
  const auto tls = service_.settings()->tls;  // held as long as the session
  auto session = tls ? tls->accept_session(socket.get()) : nullptr;
  if (tls && !session) return;
  Stream stream(std::move(socket), std::move(session), stop_.get());
  const auto shaken = stream.handshake(steady_clock::now() + limits_.request_timeout);
  if (shaken != Io::kDone) {
    ++(shaken == Io::kTimeout ? service_.counters.timeouts : service_.counters.failed_handshakes);
    // As Go's server does: a browser shows it.
    if (stream.was_plain_http()) (void)stream.write(speak_tls(), steady_clock::now() + 1s);
  } else {
    // Whoever stays between requests takes half of the places at most.
    const std::function<bool()> may_stay = [this] { return live_ * 2 <= limits_.connections; };
    Conversation(stream, service_, limits_, caller, may_stay).serve();
  }
  stream.finish();
}

Result<Server> Server::start(ServerOptions options) {
  auto router = TRY(Router::create(std::move(options.routes)));
  auto settings = TRY(WebSettingsFile::open(options.web_config_file, options.log));
  auto listeners = std::move(options.listeners);
  for (const auto& address : options.addresses) listeners.push_back(TRY(listen_on(address)));
  if (listeners.empty()) return fail(Errc::kUsage, "no address to listen on");
  auto stop = TRY(create_event());
  auto ended = TRY(create_event());
  auto impl = std::make_unique<Impl>(std::move(listeners), std::move(router), std::move(settings),
                                     options.limits, std::move(stop), std::move(ended));
  TRY_VOID(impl->run());
  return Server(std::move(impl));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

void Server::stop() {
  impl_->stop();
}

std::vector<std::string> Server::endpoints() const {
  std::vector<std::string> out;
  for (const auto& listener : impl_->listeners()) out.push_back(listener.address);
  return out;
}

std::vector<std::string> Server::unprotected() const {
  std::vector<std::string> out;
  const auto settings = impl_->service().settings();
  if (settings->tls || !settings->config.users.empty()) return out;
  for (const auto& listener : impl_->listeners())
    if (!listener.is_loopback) out.push_back(listener.address);
  return out;
}

Counts Server::counts() const {
  return impl_->service().counts();
}

}  // namespace gomapd::http
