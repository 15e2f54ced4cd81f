// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/model/host.h"
#include "daemon/model/picture.h"

// The bodies of /api/v1, as docs/API.md has them: UTF-8, one line. Text of targets is
// escaped as in reports.
namespace gomapd::exporter {

// 16 hex digits, made of what a workload is called.
[[nodiscard]] std::string workload_id(const model::Workload& workload);
// Its index in the state.
[[nodiscard]] std::optional<std::size_t> find_workload(const model::HostState& state,
                                                       std::string_view id);

[[nodiscard]] std::string api_status(const model::HostState& state);
[[nodiscard]] std::string api_workloads(const model::HostState& state);
// Of one workload, or all.
[[nodiscard]] std::string api_sites(const model::HostState& state,
                                    std::optional<std::size_t> workload);
[[nodiscard]] std::string api_live_maps(const model::HostState& state,
                                        std::optional<std::size_t> workload);

// Which stacks make the graph; what is not given fits all. Strings as they are shown.
struct SiteFilter {
  std::optional<std::size_t> workload = {};
  std::optional<std::string> function = {};
  std::optional<std::string> file = {};
  std::optional<std::int32_t> line = {};
  std::optional<std::string> map_type = {};
};
[[nodiscard]] std::string api_flamegraph(const model::HostState& state, const SiteFilter& filter);

// `picture` null: not taken yet.
[[nodiscard]] std::string api_picture(const model::HostState& state, const model::LiveMap* live,
                                      const model::GoMapPicture* picture);

[[nodiscard]] std::string api_error(std::string_view line);

}  // namespace gomapd::exporter
