// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/elf/image.h"

namespace gomapd::go {

// A Go release: go1.23.5 is {23, 5}. Only Go 1 exists.
struct Version {
  int minor = 0;
  int patch = 0;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

// "go1.23.5", "go1.24.4 X:noswissmap", "go1.27rc1", "go1.26.5-X:foo",
// "devel go1.28-abcdef …" → the release; nothing for other text.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

struct BuildInfo {
  std::string version;  // as the linker wrote it, "go1.24.4 X:noswissmap"
  std::string path;     // main package
  struct Setting {
    std::string key;  // "-ldflags", "GOARCH", "-pgo", "GOEXPERIMENT", …
    std::string value;
  };
  std::vector<Setting> settings;

  [[nodiscard]] const std::string* setting(std::string_view key) const;
};

// Reads `.go.buildinfo` (or its bytes, where section headers are gone), both
// the inline form (Go 1.18 and later) and the pointer form before it.
// kNotGo when there is none: some Go programs have none.
// go1.27 src/debug/buildinfo/buildinfo.go
[[nodiscard]] Result<BuildInfo> read_build_info(const elf::Image& image);

}  // namespace gomapd::go
