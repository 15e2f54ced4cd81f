// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/selection.h"

#include <fnmatch.h>

#include <algorithm>
#include <span>

namespace gomapd::model {
namespace {

constexpr std::size_t kMaxGlob = 4096;

using Globs = std::span<const std::string>;

bool fits(const std::string& glob, const std::string& text) {
  // No flags: a path is one text, not a row of parts, so that "/opt/*" means all
  // below /opt.
  return fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

bool any_fits(Globs globs, const std::string& text) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return fits(glob, text); });
}

bool any_fits_exe(Globs globs, const std::string& name, const std::string& path) {
  return std::ranges::any_of(
      globs, [&](const std::string& glob) { return fits(glob, glob.contains('/') ? path : name); });
}

// Past the "]" that ends the set at `set` (which begins with "["); npos: none. A
// "]" that comes first, or after "!", is a member (POSIX XCU 2.14, XBD 9.3.5), and
// within "[:class:]" none counts.
std::size_t after_set(std::string_view set) {
  std::size_t at = 1;
  if (at < set.size() && (set[at] == '!' || set[at] == '^')) ++at;
  if (at < set.size() && set[at] == ']') ++at;
  while (at < set.size() && set[at] != ']') {
    const auto kind = at + 1 < set.size() ? set[at + 1] : '\0';
    if (set[at] == '[' && (kind == ':' || kind == '.' || kind == '=')) {
      const char end[] = {kind, ']'};
      const auto closed = set.find(std::string_view(end, 2), at + 2);
      if (closed == std::string_view::npos) return closed;
      at = closed + 2;
    } else {
      at += set[at] == '\\' ? 2 : 1;
    }
  }
  return at < set.size() ? at + 1 : std::string_view::npos;
}

}  // namespace

bool is_selected(const SelectionRules& rules, const Identity& identity,
                 const std::string& exe_path) {
  const auto wanted = [](Globs globs, bool fit) { return globs.empty() || fit; };
  return wanted(rules.match_exe, any_fits_exe(rules.match_exe, identity.exe, exe_path)) &&
         wanted(rules.match_unit, any_fits(rules.match_unit, identity.unit)) &&
         wanted(rules.match_container, any_fits(rules.match_container, identity.container_id)) &&
         !any_fits_exe(rules.exclude_exe, identity.exe, exe_path) &&
         !any_fits(rules.exclude_unit, identity.unit) &&
         !any_fits(rules.exclude_container, identity.container_id);
}

std::string_view glob_defect(std::string_view glob) {
  if (glob.empty()) return "an empty glob fits nothing: leave it out";
  if (glob.size() > kMaxGlob) return "longer than 4096 bytes";
  if (glob.contains('\0')) return "has a byte 0 in it";
  for (std::size_t at = 0; at < glob.size();) {
    if (glob[at] == '\\') {
      if (at + 1 == glob.size()) return R"(ends in "\": write "\\" for the character itself)";
      at += 2;
    } else if (glob[at] == '[') {
      const auto next = after_set(glob.substr(at));
      if (next == std::string_view::npos)
        return R"("[" is never closed: write "\[" for the character itself)";
      at += next;
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace gomapd::model
