// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/conversation.h"

#include "daemon/http/response_head.h"

namespace gomapd::http {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 4096;
constexpr int kNoAnswer = 0;  // the client is not there to be told

std::unexpected<Refusal> refuse_for(Io io) {
  if (io == Io::kTimeout) return std::unexpected(Refusal{408, "the request took too long"});
  return std::unexpected(Refusal{kNoAnswer, {}});
}

}  // namespace

Conversation::Conversation(Stream& stream, Service& service, const Limits& limits, Caller caller,
                           const std::function<bool()>& may_stay)
    : stream_(stream),
      service_(service),
      limits_(limits),
      caller_(std::move(caller)),
      may_stay_(may_stay) {}

void Conversation::serve() {
  while (serve_one(steady_clock::now() + limits_.request_timeout) == Next::kAnother &&
         await_request()) {
  }
}

bool Conversation::await_request() {
  return !received_.empty() ||
         stream_.read(received_, kReadBytes, steady_clock::now() + limits_.idle_timeout) ==
             Io::kDone;
}

std::expected<Head, Refusal> Conversation::read_head(Deadline deadline) {
  auto length = head_length(received_);
  while (length == std::string::npos) {
    if (received_.size() >= limits_.head_bytes) break;
    const auto io = stream_.read(received_, kReadBytes, deadline);
    if (io != Io::kDone) return refuse_for(io);
    length = head_length(received_);
  }
  if (length > limits_.head_bytes)
    return std::unexpected(Refusal{431, "the headers are too large"});
  auto head = parse_head(std::string_view(received_).substr(0, length));
  received_.erase(0, length);
  return head;
}

Io Conversation::read_until(std::size_t size, Deadline deadline) {
  auto io = Io::kDone;
  while (received_.size() < size && io == Io::kDone)
    io = stream_.read(received_, kReadBytes, deadline);
  return io;
}

std::expected<void, Refusal> Conversation::read_body(Head& head, Deadline deadline) {
  if (head.content_length > limits_.body_bytes)
    return std::unexpected(Refusal{413, "the body is too large"});
  if (head.expects_continue && received_.empty() && head.content_length > 0 &&
      write("HTTP/1.1 100 Continue\r\n\r\n") != Io::kDone)
    return refuse_for(Io::kBroken);
  if (const auto io = read_until(head.content_length, deadline); io != Io::kDone)
    return refuse_for(io);
  head.request.body = received_.substr(0, head.content_length);
  received_.erase(0, head.content_length);
  return {};
}

Conversation::Next Conversation::serve_one(Deadline deadline) {
  auto head = read_head(deadline);
  if (!head) return refuse(head.error());
  if (const auto body = read_body(*head, deadline); !body) return refuse(body.error());
  const auto settings = service_.settings();
  auto request = head->request;
  request.peer = caller_.peer.address;
  request.sleep = [this](std::chrono::milliseconds time) { return stream_.sleep(time); };
  if (request.method == "HEAD") request.method = "GET";
  return send(service_.answer(request, caller_, *settings), *head, *settings);
}

Conversation::Next Conversation::refuse(const Refusal& refusal) {
  if (refusal.status == kNoAnswer) return Next::kClose;
  ++(refusal.status == 408 ? service_.counters.timeouts : service_.counters.malformed);
  auto response = plain_response(refusal.status, refusal.reason);
  add_default_headers(response, {});
  const auto head = serialize_head(response, Connection::kClose, std::time(nullptr));
  (void)write(head + response.body);
  return Next::kClose;
}

Conversation::Next Conversation::send(Response response, const Head& head,
                                      const WebSettings& settings) {
  const bool stays = head.keep_alive && response.status < 400 && may_stay_();
  add_default_headers(response, settings.config.headers);
  compress_body(response, head.request.header("accept-encoding"));
  auto bytes = serialize_head(response, stays ? Connection::kKeepAlive : Connection::kClose,
                              std::time(nullptr));
  if (head.request.method != "HEAD") bytes += response.body;
  const auto io = write(bytes);
  if (io == Io::kTimeout) ++service_.counters.timeouts;
  return io == Io::kDone && stays ? Next::kAnother : Next::kClose;
}

Io Conversation::write(std::string_view bytes) {
  return stream_.write(bytes, steady_clock::now() + limits_.response_timeout);
}

}  // namespace gomapd::http
