// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/pages.h"

#include <regex>
#include <sstream>
#include <thread>

namespace gomapd::live {

Metrics parse_metrics(const std::string& text) {
  Metrics metrics;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    metrics[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return metrics;
}

double sum_of(const Metrics& metrics, const std::string& name, const std::string& label) {
  double sum = 0;
  for (const auto& [series, value] : metrics)
    if (series.starts_with(name + "{") && series.find(label) != std::string::npos) sum += value;
  return sum;
}

std::string address_of(Child& daemon) {
  if (!daemon.wait_for_errors("listening on 127.0.0.1:")) return {};
  const auto log = daemon.errors();
  std::smatch match;
  return std::regex_search(log, match, std::regex("listening on (127.0.0.1:\\d+)")) ? match[1].str()
                                                                                    : std::string();
}

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace gomapd::live
