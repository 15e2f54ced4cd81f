// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/asked_go.h"

#include <fmt/core.h>

#include "probes/go/releases.h"

namespace gomapd::app {
namespace {

constexpr int kFirstSwissMinor = 24;
constexpr int kLastClassicMinor = 25;  // with GOEXPERIMENT=noswissmap

// "1.23" is "go1.23".
std::string full_version(const std::string& text) {
  return text.starts_with("go") || text.starts_with("devel ") ? text : "go" + text;
}

}  // namespace

Result<AskedGo> asked_go(std::string_view command, const std::string& text, bool classic) {
  AskedGo asked;
  asked.name = full_version(text);
  const auto version = go::parse_version(asked.name);
  if (!version || version->minor < go::kOldestMinor)
    return fail(Errc::kUsage, fmt::format("{}: --go {}: not a Go version that is known: 1.{} to "
                                          "1.{}, and later ones by the rules of the last",
                                          command, text, go::kOldestMinor, go::kNewestMinor));
  asked.version = *version;
  if (version->minor > go::kNewestMinor) {
    asked.version = {go::kNewestMinor, 0};
    asked.assumed_rules = rules_name(asked.version);
  }
  classic = classic || text.contains("noswissmap");
  if (classic && asked.version.minor > kLastClassicMinor)
    return fail(Errc::kUsage, fmt::format("{}: --go {}: has no classic maps, 1.{} was the last",
                                          command, text, kLastClassicMinor));
  if (asked.version.minor >= kFirstSwissMinor && !classic) asked.design = go::Design::kSwiss;
  return asked;
}

}  // namespace gomapd::app
