// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "probes/base/result.h"

namespace gomapd::app {

struct ModelOptions {
  struct Type {
    std::uint64_t size = 8;
    std::optional<std::uint64_t> align;  // natural without
    bool has_pointers = false;
  };

  std::string go_version;  // "1.23", "go1.24.4 X:noswissmap", …
  bool classic = false;    // GOEXPERIMENT=noswissmap
  std::optional<std::uint64_t> hint;
  std::optional<std::uint64_t> inserts;
  Type key;
  Type elem;
  bool json = false;
};

// Prints what the model says of a map. kUsage where it can't be asked so.
[[nodiscard]] Result<void> model(const ModelOptions& options);

}  // namespace gomapd::app
