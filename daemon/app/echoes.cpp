// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/echoes.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>

#include "probes/code/echo.h"

namespace gomapd::app {
namespace {

std::optional<ProbeSite> echo_of(const ProbeSite& start, elf::Machine machine, int fd) {
  std::array<std::byte, code::kEchoBytes> bytes{};
  const auto got = pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(start.file_offset));
  if (got <= 0) return std::nullopt;
  const auto instruction =
      code::find_echo(Bytes(bytes).first(static_cast<std::size_t>(got)), machine);
  if (!instruction) return std::nullopt;
  auto echo = start;
  echo.address += instruction->offset;
  echo.file_offset += instruction->offset;
  echo.kernel.address = echo.address;
  echo.kernel.role = GM_ROLE_ECHO;
  echo.kernel.rule = GM_RULE_ALWAYS;
  return echo;
}

}  // namespace

std::vector<ProbeSite> sites_with_echoes(const Plan& plan, int fd) {
  auto sites = plan.sites_for(Detail::kGrowth);
  for (std::size_t i = 0, count = sites.size(); i < count; ++i)
    if (sites[i].role == Role::kGrowthStart)
      if (auto echo = echo_of(sites[i], plan.machine, fd)) sites.push_back(*std::move(echo));
  return sites;
}

}  // namespace gomapd::app
