// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "daemon/app/page.h"
#include "daemon/app/web_api.h"
#include "daemon/export/host_profile.h"
#include "daemon/export/metrics.h"
#include "daemon/export/pprof.h"
#include "daemon/proc/self.h"

namespace gomapd::app {
namespace {

using http::Request;
using http::Response;

// Longer ones would outlast the usual time limits between here and there.
constexpr unsigned kMaxProfileSeconds = 300;
constexpr std::chrono::milliseconds kLookEvery{100};

Response text(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

exporter::ProcessSelf use_of_self() {
  const auto self = proc::use_of_self();
  return {.cpu_seconds = self.cpu_seconds,
          .resident_bytes = self.resident_bytes,
          .virtual_bytes = self.virtual_bytes,
          .open_fds = self.open_fds,
          .max_fds = self.max_fds,
          .start_time_seconds = self.start_time_seconds};
}

exporter::WebCounts shown(const http::Counts& counts) {
  return {.requests = counts.requests,
          .connections = counts.refused_connections,
          .handshake = counts.failed_handshakes,
          .malformed = counts.malformed,
          .timeout = counts.timeouts,
          .unauthorized = counts.unauthorized,
          .guesses = counts.too_many_guesses,
          .rate_limit = counts.rate_limited,
          .origin = counts.foreign_origin,
          .busy = counts.slow_refused,
          .refused_configs = counts.refused_configs};
}

Response metrics(const Board& board, const Request& request) {
  const auto families = exporter::collect(*board.read(), use_of_self(), shown(*board.web_counts()));
  if (exporter::wants_openmetrics(request.header("accept")))
    return {.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
            .body = exporter::openmetrics_text(families)};
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = exporter::prometheus_text(families)};
}

Response ready(const Board& board) {
  const auto state = board.read();
  if (state->ready) return text(200, "gomapd is ready.\n");
  return text(
      503, fmt::format("gomapd is not ready: {}\n",
                       state->not_ready_why.empty() ? "it has just begun" : state->not_ready_why));
}

std::optional<unsigned> seconds_of(std::string_view value) {
  unsigned seconds = 0;
  const auto* end = value.data() + value.size();
  if (std::from_chars(value.data(), end, seconds).ptr != end || seconds == 0 ||
      seconds > kMaxProfileSeconds)
    return std::nullopt;
  return seconds;
}

// What grows in the next `seconds`; nothing when nobody waits for it any more.
std::optional<exporter::TraceReport> profile_of(const Board& board, unsigned seconds,
                                                const Request& request,
                                                std::shared_ptr<const model::HostState>& after) {
  const auto before = board.read();
  const auto end = before->running_ns + seconds * 1'000'000'000ULL;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds + 5);
  do {
    if (!request.wait_for(kLookEvery)) return std::nullopt;
    after = board.read();
  } while (after->running_ns < end && std::chrono::steady_clock::now() < deadline);
  return exporter::host_profile(*after, *before);
}

Response profile(const Board& board, const Request& request) {
  auto state = board.read();
  std::optional<exporter::TraceReport> report;
  if (const auto asked = request.parameter("seconds")) {
    const auto seconds = seconds_of(*asked);
    if (!seconds)
      return text(400, fmt::format("seconds: a whole number from 1 to {}\n", kMaxProfileSeconds));
    report = profile_of(board, *seconds, request, state);
  } else {
    report = exporter::host_profile(*state);
  }
  if (!report) return text(503, "gomapd is ending\n");
  auto bytes = exporter::pprof_profile(*report);
  if (!bytes) return text(500, bytes.error().context + "\n");
  return {.content_type = "application/octet-stream",
          .body = *std::move(bytes),
          .headers = {{"Content-Disposition", "attachment; filename=\"mapgrowth.pb.gz\""}}};
}

constexpr std::string_view kProfiles =
    "mapgrowth: growths of Go maps on this host, with their bytes and time\n\n"
    "  go tool pprof http://HOST:PORT/debug/pprof/mapgrowth?seconds=10\n\n"
    "With seconds=N (1 to 300): what grows in that time. Without: since the daemon began.\n";

constexpr std::string_view kIndex =
    "gomapd: growths of Go maps on this host\n\n"
    "  /                       for browsers\n"
    "  /metrics                for Prometheus\n"
    "  /debug/pprof/mapgrowth  for go tool pprof, Parca, Pyroscope\n"
    "  /api/v1/status          and workloads, sites, flamegraph, maps, map: JSON\n"
    "  /-/healthy  /-/ready    for orchestrators\n";

}  // namespace

std::vector<http::Route> web_routes(Board* board, Lifecycle lifecycle) {
  using enum http::Match;
  const auto fixed = [](std::string_view body) {
    return [body](const Request&) { return text(200, std::string(body)); };
  };
  std::vector<http::Route> routes{
      {"GET", "/metrics", [board](const Request& request) { return metrics(*board, request); },
       kExact, http::Cost::kQuick},
      {"GET", "/-/healthy", fixed("gomapd is healthy.\n"), kExact, http::Cost::kQuick},
      {"GET", "/-/ready", [board](const Request&) { return ready(*board); }, kExact,
       http::Cost::kQuick},
      {"GET", "/debug/pprof/", fixed(kProfiles), kExact, http::Cost::kQuick},
      {"GET", "/debug/pprof/mapgrowth",
       [board](const Request& request) { return profile(*board, request); }, kExact,
       http::Cost::kSlow},
  };
  std::ranges::move(page_routes(kIndex), std::back_inserter(routes));
  std::ranges::move(api_routes(board), std::back_inserter(routes));
  if (lifecycle == Lifecycle::kOn)
    routes.push_back({"POST", "/-/reload",
                      [board](const Request&) {
                        board->request_reload();
                        return text(202, "reading the configuration again; the log tells how\n");
                      },
                      kExact, http::Cost::kQuick});
  return routes;
}

}  // namespace gomapd::app
