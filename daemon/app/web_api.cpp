// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/web_api.h"

#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "daemon/export/api_json.h"

namespace gomapd::app {
namespace {

using http::Request;
using http::Response;

Response json(int status, std::string body) {
  return {.status = status,
          .content_type = "application/json; charset=utf-8",
          .body = std::move(body),
          .headers = {}};
}

Response error(int status, std::string_view line) {
  return json(status, exporter::api_error(line));
}

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value, base);
  if (code != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// What a request for one workload's part, or all, is given.
using OfWorkload =
    std::function<Response(const model::HostState& state, std::optional<std::size_t> workload)>;

Response of_workload(const Board& board, const Request& request, const OfWorkload& answer) {
  const auto state = board.read();
  const auto id = request.parameter("workload");
  if (!id) return answer(*state, std::nullopt);
  const auto index = exporter::find_workload(*state, *id);
  if (!index) return error(404, "workload: none of that id is traced now; see /api/v1/workloads");
  return answer(*state, index);
}

Response flamegraph(const Request& request, const model::HostState& state,
                    std::optional<std::size_t> workload) {
  exporter::SiteFilter filter{.workload = workload};
  filter.function = request.parameter("function");
  filter.file = request.parameter("file");
  filter.map_type = request.parameter("map_type");
  if (const auto line = request.parameter("line")) {
    filter.line = number_of<std::int32_t>(*line);
    if (!filter.line) return error(400, "line: a whole number");
  }
  return json(200, exporter::api_flamegraph(state, filter));
}

std::optional<MapWatch::Key> watched(const Request& request) {
  const auto pid = number_of<std::uint32_t>(request.parameter("pid").value_or(""));
  auto text = request.parameter("map").value_or("");
  if (!pid || !text.starts_with("0x")) return std::nullopt;
  const auto address = number_of<std::uint64_t>(text.substr(2), 16);
  if (!address) return std::nullopt;
  return MapWatch::Key{*pid, *address};
}

Response picture(Board& board, const Request& request) {
  const auto key = watched(request);
  if (!key) return error(400, "pid, map: as /api/v1/maps has them, ?pid=1234&map=0xc000012345");
  const auto [answer, sight] = board.watch().ask(*key, MapWatch::Clock::now());
  const auto state = board.read();
  switch (answer) {
    case MapWatch::Answer::kFull:
      return error(503, "as many maps are looked at as can be; try again in some seconds");
    case MapWatch::Answer::kGone: return error(404, "there is no such map, or none any more");
    case MapWatch::Answer::kPending:
      return json(202, exporter::api_picture(*state, nullptr, nullptr));
    case MapWatch::Answer::kSeen: break;
  }
  auto live = sight->live;
  for (std::size_t i = 0; i < state->workloads.size(); ++i)
    for (const auto& process : state->workloads[i].processes)
      if (process.pid == live.pid) {
        live.workload = i;
        return json(200, exporter::api_picture(*state, &live, &sight->picture));
      }
  return error(404, "its process has gone");
}

}  // namespace

std::vector<http::Route> api_routes(Board* board) {
  std::vector<http::Route> routes;
  const auto add = [&](std::string path, http::Handler handler) {
    routes.push_back({"GET", "/api/v1/" + std::move(path), std::move(handler), http::Match::kExact,
                      http::Cost::kQuick});
  };
  add("status",
      [board](const Request&) { return json(200, exporter::api_status(*board->read())); });
  add("workloads",
      [board](const Request&) { return json(200, exporter::api_workloads(*board->read())); });
  add("sites", [board](const Request& request) {
    return of_workload(*board, request, [](const auto& state, auto workload) {
      return json(200, exporter::api_sites(state, workload));
    });
  });
  add("flamegraph", [board](const Request& request) {
    return of_workload(*board, request, [&](const auto& state, auto workload) {
      return flamegraph(request, state, workload);
    });
  });
  add("maps", [board](const Request& request) {
    return of_workload(*board, request, [](const auto& state, auto workload) {
      return json(200, exporter::api_live_maps(state, workload));
    });
  });
  add("map", [board](const Request& request) { return picture(*board, request); });
  return routes;
}

}  // namespace gomapd::app
