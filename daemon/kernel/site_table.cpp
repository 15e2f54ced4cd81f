// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/site_table.h"

#include <fmt/core.h>

namespace gomapd::kernel {

Result<SiteTable::PlacesByRole> SiteTable::add(const bpf_map* table,
                                               std::span<const ProbeSite> sites,
                                               std::uint32_t binary) {
  if (!has_room(sites.size()))
    return fail(Errc::kUnsupported, fmt::format("more than {} probe sites", GM_MAX_SITES));
  PlacesByRole places;
  for (const auto& site : sites) {
    auto index = next_;
    if (free_.empty()) {
      ++next_;
    } else {
      index = free_.back();
      free_.pop_back();
    }
    auto kernel_site = site.kernel;
    kernel_site.binary = binary;
    auto& own = places.at(kernel_site.role);
    own.offsets.push_back(site.file_offset);
    own.cookies.push_back(index);
    const int error = bpf_map__update_elem(table, &index, sizeof(index), &kernel_site,
                                           sizeof(kernel_site), BPF_ANY);
    if (error == 0) continue;
    remove(places);
    return system_error("writing a probe site", -error);
  }
  return places;
}

Places SiteTable::merged(const PlacesByRole& places) {
  Places all;
  for (const auto& own : places) {
    all.offsets.insert(all.offsets.end(), own.offsets.begin(), own.offsets.end());
    all.cookies.insert(all.cookies.end(), own.cookies.begin(), own.cookies.end());
  }
  return all;
}

void SiteTable::set_going(const bpf_map* table, const Places& places, gm_going going) {
  for (const auto cookie : places.cookies) {
    const auto index = static_cast<std::uint32_t>(cookie);
    gm_site site{};
    // All but one byte stays as it is, whoever reads it meanwhile.
    if (bpf_map__lookup_elem(table, &index, sizeof(index), &site, sizeof(site), 0) != 0) continue;
    site.going = static_cast<__u8>(going);
    (void)bpf_map__update_elem(table, &index, sizeof(index), &site, sizeof(site), BPF_EXIST);
  }
}

void SiteTable::remove(const PlacesByRole& places) {
  for (const auto& own : places)
    for (const auto cookie : own.cookies) free_.push_back(static_cast<std::uint32_t>(cookie));
}

}  // namespace gomapd::kernel
