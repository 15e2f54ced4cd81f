// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/result.h"

// The part of YAML that a configuration needs: tables, lists and scalars, each with
// its line. No anchors and aliases (a short text could stand for a huge one), no
// tags, no second document.
namespace gomapd::config {

enum class YamlKind : std::uint8_t { kNothing, kScalar, kList, kTable };

struct YamlNode {
  YamlKind kind = YamlKind::kNothing;
  int line = 1;                        // counted from 1
  std::string text = {};               // kScalar
  bool quoted = false;                 // kScalar: it is text, whatever it looks like
  std::vector<std::string> keys = {};  // kTable: one for each child, no two alike
  std::vector<int> key_lines = {};
  std::vector<YamlNode> children = {};  // kList, kTable
};

inline constexpr std::size_t kMaxYamlDepth = 8;

// "NAME:LINE: what, what to do".
[[nodiscard]] std::unexpected<Error> config_error(const std::string& name, int line,
                                                  const std::string& what);

// `name` is the file's, for messages. kUsage for what is no such YAML, or longer than
// `max_bytes`. An empty text is kNothing.
[[nodiscard]] Result<YamlNode> parse_yaml(std::string_view text, const std::string& name,
                                          std::size_t max_bytes);

}  // namespace gomapd::config
