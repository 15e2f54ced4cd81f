// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/host_libraries.h"

#include <fmt/core.h>

#include <iterator>

#include "daemon/app/go_code.h"
#include "probes/elf/image.h"
#include "probes/go/build_info.h"

namespace gomapd::app {
namespace {

// Of a library without section headers it can't be told cheaply: it is none then.
std::optional<go::BuildInfo> build_info_of(Bytes file) {
  const auto image = elf::Image::parse(file);
  if (!image || image->find_section(".go.buildinfo") == nullptr) return std::nullopt;
  auto info = go::read_build_info(*image);
  return info ? std::optional(*std::move(info)) : std::nullopt;
}

}  // namespace

void HostLibraries::watch(const Look& look, Clock::time_point now) {
  if (look.number < std::size(kPauses)) looks_.emplace(now + kPauses[look.number], look);
}

std::vector<HostLibraries::Look> HostLibraries::due(Clock::time_point now) {
  std::vector<Look> due;
  while (!looks_.empty() && looks_.begin()->first <= now && due.size() < kMostAtOnce) {
    due.push_back(looks_.begin()->second);
    looks_.erase(looks_.begin());
  }
  return due;
}

Result<std::optional<proc::Library>> HostLibraries::find(std::uint32_t pid) {
  const auto id = static_cast<pid_t>(pid);
  std::optional<proc::Library> found;
  for (auto& code : proc::mapped_code_of(id)) {
    if (others_.contains({code.file, code.path})) continue;
    auto file = proc::open_mapped(id, code);
    if (!file) continue;
    const auto info = build_info_of(file->bytes());
    if (!info) {
      if (others_.size() >= kMaxRemembered) others_.clear();
      others_.emplace(std::move(code.file), std::move(code.path));
      continue;
    }
    TRY_VOID(check_library_version(info->version, code.path));
    if (found)
      return fail(
          Errc::kUnsupported,
          fmt::format("can't be traced: it has loaded two Go libraries ({}, {}), each with a "
                      "runtime of its own",
                      found->path, code.path));
    found.emplace(std::move(code.path), *std::move(file));
  }
  return found;
}

}  // namespace gomapd::app
