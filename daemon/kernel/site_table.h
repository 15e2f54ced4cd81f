// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bpf/interface.h"
#include "daemon/kernel/attach.h"
#include "probes/plan/plan.h"

namespace gomapd::kernel {

// Hands out the places in gm_sites of one BPF object, which attachments have as
// their cookies.
class SiteTable {
 public:
  // Where the sites of each role go, by enum gm_role.
  using PlacesByRole = std::array<Places, GM_ROLE_COUNT>;

  // Writes `sites` of `binary` into `table`. All or none: kUnsupported when there is
  // no room.
  [[nodiscard]] Result<PlacesByRole> add(const bpf_map* table, std::span<const ProbeSite> sites,
                                         std::uint32_t binary);
  // Those of all roles, for one program.
  [[nodiscard]] static Places merged(const PlacesByRole& places);
  // What becomes of sites whose probes go next.
  static void set_going(const bpf_map* table, const Places& places, gm_going going);
  // Once their probes are gone.
  void remove(const PlacesByRole& places);

 private:
  [[nodiscard]] bool has_room(std::size_t sites) const {
    return free_.size() + (GM_MAX_SITES - next_) >= sites;
  }

  std::uint32_t next_ = 0;  // never used so far, from here on
  std::vector<std::uint32_t> free_;
};

}  // namespace gomapd::kernel
