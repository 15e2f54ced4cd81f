// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <compare>
#include <string>

namespace gomapd::model {

// What a process is to those who run the host. Processes alike in it are one
// workload.
struct Identity {
  std::string exe;           // base name of the executable
  std::string unit;          // of systemd; empty: none
  std::string container_id;  // empty: none

  friend auto operator<=>(const Identity&, const Identity&) = default;
  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace gomapd::model
