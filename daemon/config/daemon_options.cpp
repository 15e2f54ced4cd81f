// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/daemon_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "daemon/config/duration.h"
#include "daemon/config/nearest.h"
#include "daemon/config/percent.h"
#include "daemon/config/yaml.h"
#include "probes/base/text.h"

namespace gomapd::config {
namespace {

constexpr std::size_t kMaxEntries = 1000;  // of a list
constexpr std::uint32_t kMaxWorkloads = 100'000;
constexpr std::uint32_t kMaxSites = 100'000;
constexpr std::uint32_t kLeastRing = 4096;
constexpr std::uint32_t kLargestRing = 1U << 30U;
constexpr double kMostGrowths = 1e12;  // a second
constexpr double kLargestRatio = 1e6;

struct Problem {
  int line;
  std::string what;
};
using Outcome = std::optional<Problem>;

std::string shown(std::string_view text) {
  return fmt::format("\"{}\"", one_line(text, 60));
}

Outcome expected(const YamlNode& node, std::string_view what) {
  constexpr std::array<std::string_view, 4> kKinds{"no value", "", "a list", "a table"};
  const auto kind = kKinds.at(static_cast<std::size_t>(node.kind));
  return Problem{node.line,
                 fmt::format("{}: write {}", kind.empty() ? shown(node.text) : kind, what)};
}

Outcome read(const YamlNode& node, bool& out) {
  const bool is_word = node.kind == YamlKind::kScalar && !node.quoted;
  if (!is_word || (node.text != "true" && node.text != "false"))
    return expected(node, "true or false");
  out = node.text == "true";
  return {};
}

Outcome read(const YamlNode& node, std::string& out) {
  if (node.kind != YamlKind::kScalar) return expected(node, "a text");
  out = node.text;
  return {};
}

template <typename Number>
Outcome read(const YamlNode& node, Number& out, Number least, Number most) {
  Number value{};
  const char* const last = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), last, value);
  const bool good = node.kind == YamlKind::kScalar && error == std::errc{} && end == last &&
                    value >= least && value <= most;
  if (!good) return expected(node, fmt::format("a number from {} to {}", least, most));
  out = value;
  return {};
}

Outcome read(const YamlNode& node, std::chrono::nanoseconds& out) {
  const auto duration = node.kind == YamlKind::kScalar ? parse_duration(node.text) : std::nullopt;
  if (!duration) return expected(node, "a time such as 10s, 500ms or 5m");
  out = *duration;
  return {};
}

template <typename Value, std::size_t kCount>
Outcome read(const YamlNode& node, Value& out,
             const std::array<std::pair<std::string_view, Value>, kCount>& words) {
  std::string choice;
  for (const auto& [word, value] : words) {
    if (node.kind == YamlKind::kScalar && node.text == word) {
      out = value;
      return {};
    }
    choice += fmt::format("{}{}", choice.empty() ? "" : " or ", word);
  }
  return expected(node, choice);
}

// A text alone is a list of one.
Outcome read(const YamlNode& node, std::vector<std::string>& out,
             Outcome (*check)(const YamlNode&)) {
  const auto entries =
      node.kind == YamlKind::kList ? std::span(node.children) : std::span(&node, 1);
  if (entries.size() > kMaxEntries)
    return Problem{node.line, fmt::format("more than {} entries: write fewer", kMaxEntries)};
  std::vector<std::string> texts;
  for (const auto& entry : entries) {
    if (entry.kind != YamlKind::kScalar) return expected(entry, "a text, or a list of texts");
    if (auto problem = check(entry)) return problem;
    texts.push_back(entry.text);
  }
  out = std::move(texts);
  return {};
}

Outcome check_glob(const YamlNode& node) {
  const auto defect = model::glob_defect(node.text);
  if (defect.empty()) return {};
  return Problem{node.line, fmt::format("{}: {}", shown(node.text), defect)};
}

// Only the form: whether it can be listened on, the system says.
Outcome check_address(const YamlNode& node) {
  constexpr unsigned kMaxPort = 65535;
  const auto colon = node.text.rfind(':');
  const auto port = colon == std::string::npos ? "" : node.text.substr(colon + 1);
  unsigned value = 0;
  const char* const last = port.data() + port.size();
  const auto [end, error] = std::from_chars(port.data(), last, value);
  if (error == std::errc{} && end == last && value <= kMaxPort) return {};
  return expected(node, "ADDRESS:PORT, such as 127.0.0.1:10435, [::1]:10435 or :10435");
}

Outcome read_addresses(const YamlNode& node, std::vector<std::string>& out) {
  auto problem = read(node, out, check_address);
  if (!problem && out.empty()) return expected(node, "at least one address");
  return problem;
}

Outcome read_percent(const YamlNode& node, double& out) {
  const auto percent = node.kind == YamlKind::kScalar ? parse_percent(node.text) : std::nullopt;
  if (!percent) return expected(node, "a percentage from 0.01 to 100, such as 1% or 0.5");
  out = *percent;
  return {};
}

constexpr std::array<std::pair<std::string_view, Detail>, 2> kDetails{
    {{"growth", Detail::kGrowth}, {"buckets", Detail::kBuckets}}};
constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLogLevels{
    {{"debug", LogLevel::kDebug},
     {"info", LogLevel::kInfo},
     {"warn", LogLevel::kWarn},
     {"error", LogLevel::kError}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kLogFormats{
    {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}};

using Node = const YamlNode&;
using Options = DaemonOptions&;

struct Key {
  std::string_view section;
  std::string_view name;
  Outcome (*read)(Node node, Options options);
};

// What a file may hold; docs/CONFIGURATION.md and deploy/gomapd.yaml list the same.
constexpr Key kKeys[] = {
    {"web", "listen_addresses",
     [](Node n, Options o) { return read_addresses(n, o.listen_addresses); }},
    {"web", "config_file", [](Node n, Options o) { return read(n, o.web_config_file); }},
    {"web", "enable_lifecycle", [](Node n, Options o) { return read(n, o.enable_lifecycle); }},
    {"match", "exe", [](Node n, Options o) { return read(n, o.selection.match_exe, check_glob); }},
    {"match", "unit",
     [](Node n, Options o) { return read(n, o.selection.match_unit, check_glob); }},
    {"match", "container",
     [](Node n, Options o) { return read(n, o.selection.match_container, check_glob); }},
    {"exclude", "exe",
     [](Node n, Options o) { return read(n, o.selection.exclude_exe, check_glob); }},
    {"exclude", "unit",
     [](Node n, Options o) { return read(n, o.selection.exclude_unit, check_glob); }},
    {"exclude", "container",
     [](Node n, Options o) { return read(n, o.selection.exclude_container, check_glob); }},
    {"trace", "detail", [](Node n, Options o) { return read(n, o.detail, kDetails); }},
    {"trace", "max_overhead", [](Node n, Options o) { return read_percent(n, o.max_overhead); }},
    {"trace", "ring_bytes",
     [](Node n, Options o) { return read(n, o.ring_bytes, kLeastRing, kLargestRing); }},
    {"trace", "recover_after", [](Node n, Options o) { return read(n, o.recover_after); }},
    {"trace", "scan_interval", [](Node n, Options o) { return read(n, o.scan_interval); }},
    {"metrics", "max_workloads",
     [](Node n, Options o) { return read(n, o.max_workloads, std::uint32_t{1}, kMaxWorkloads); }},
    {"metrics", "max_sites",
     [](Node n, Options o) { return read(n, o.max_sites, std::uint32_t{1}, kMaxSites); }},
    {"metrics", "linger", [](Node n, Options o) { return read(n, o.linger); }},
    {"metrics", "pid", [](Node n, Options o) { return read(n, o.metrics_pid); }},
    {"storm", "floor", [](Node n, Options o) { return read(n, o.storm.floor, 0.0, kMostGrowths); }},
    {"storm", "ratio",
     [](Node n, Options o) { return read(n, o.storm.ratio, 1.0, kLargestRatio); }},
    {"storm", "warm_up", [](Node n, Options o) { return read(n, o.storm.warm_up); }},
    {"log", "level", [](Node n, Options o) { return read(n, o.log_level, kLogLevels); }},
    {"log", "format", [](Node n, Options o) { return read(n, o.log_format, kLogFormats); }},
};

Problem unknown(int line, std::string_view what, const std::string& name,
                const std::vector<std::string_view>& known) {
  return {line, fmt::format("there is no {} {}: did you mean \"{}\"?", what, shown(name),
                            nearest(name, known))};
}

Outcome read_section(const std::string& section, Node table, Options options) {
  if (table.kind == YamlKind::kNothing) return {};
  if (table.kind != YamlKind::kTable)
    return expected(table, "KEY: VALUE below \"" + section + "\"");
  std::vector<std::string_view> names;
  for (const auto& key : kKeys)
    if (key.section == section) names.push_back(key.name);
  for (std::size_t i = 0; i < table.keys.size(); ++i) {
    const auto* key = std::ranges::find_if(kKeys, [&](const Key& known) {
      return known.section == section && known.name == table.keys[i];
    });
    if (key == std::end(kKeys))
      return unknown(table.key_lines[i], "key in \"" + section + "\" named", table.keys[i], names);
    if (auto problem = key->read(table.children[i], options)) {
      problem->what = fmt::format("{}.{}: {}", section, key->name, problem->what);
      return problem;
    }
  }
  return {};
}

Outcome read_file(Node root, Options options) {
  if (root.kind == YamlKind::kNothing) return {};
  if (root.kind != YamlKind::kTable) return expected(root, "sections such as web: or match:");
  std::vector<std::string_view> sections;
  for (const auto& key : kKeys)
    if (sections.empty() || sections.back() != key.section) sections.push_back(key.section);
  for (std::size_t i = 0; i < root.keys.size(); ++i) {
    if (std::ranges::find(sections, root.keys[i]) == sections.end())
      return unknown(root.key_lines[i], "section", root.keys[i], sections);
    if (auto problem = read_section(root.keys[i], root.children[i], options)) return problem;
  }
  return {};
}

}  // namespace

Result<DaemonOptions> parse_daemon_options(std::string_view text, const std::string& name,
                                           DaemonOptions defaults) {
  const auto root = TRY(parse_yaml(text, name, kMaxConfigBytes));
  if (const auto problem = read_file(root, defaults))
    return config_error(name, problem->line, problem->what);
  return defaults;
}

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const auto& key : kKeys) keys.push_back(fmt::format("{}.{}", key.section, key.name));
  return keys;
}

}  // namespace gomapd::config
