// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/selection.h"
#include "daemon/model/storm.h"
#include "probes/base/result.h"
#include "probes/plan/catalogue.h"

// The configuration of `gomapd daemon`: text in, options out.
namespace gomapd::config {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

// A workload storms when it grows maps more often than both.
struct StormOptions {
  double floor = model::StormRules{}.floor;  // growths a second
  double ratio = model::StormRules{}.ratio;  // times its own recent past
  // For so long after its start it does not: it has no past yet.
  std::chrono::nanoseconds warm_up{std::chrono::minutes(1)};

  friend bool operator==(const StormOptions&, const StormOptions&) = default;
};

// As they are set here they are the defaults.
struct DaemonOptions {
  std::vector<std::string> listen_addresses{"127.0.0.1:10435"};
  std::string web_config_file;  // empty: none
  bool enable_lifecycle = false;

  model::SelectionRules selection;

  Detail detail = Detail::kGrowth;  // kGrowth or kBuckets
  double max_overhead = 0.01;       // share of a process's CPU time
  std::uint32_t ring_bytes = 8U << 20U;
  std::chrono::nanoseconds recover_after{std::chrono::seconds(30)};
  std::chrono::nanoseconds scan_interval{std::chrono::seconds(30)};

  std::uint32_t max_workloads = 500;
  std::uint32_t max_sites = 200;
  std::chrono::nanoseconds linger{std::chrono::minutes(5)};
  bool metrics_pid = false;

  StormOptions storm;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;

  friend bool operator==(const DaemonOptions&, const DaemonOptions&) = default;
};

inline constexpr std::size_t kMaxConfigBytes = 64U << 10U;

// `text` of the file `name` (for messages) on top of `defaults`; what it does not
// name stays. Flags win over the file: set them in what comes back. kUsage, with
// "NAME:LINE: what, what to do", for the first thing that is wrong: no YAML, an
// unknown or repeated key, a value of the wrong kind or out of range, an anchor or
// alias, more than kMaxConfigBytes.
[[nodiscard]] Result<DaemonOptions> parse_daemon_options(std::string_view text,
                                                         const std::string& name,
                                                         DaemonOptions defaults = {});

// Every key that a file may hold, as "section.key", in the order of the example.
[[nodiscard]] std::vector<std::string> known_keys();

}  // namespace gomapd::config
