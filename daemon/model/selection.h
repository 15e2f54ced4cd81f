// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/identity.h"

// Which processes are traced: globs of the host's operator against what a process
// is called.
namespace gomapd::model {

// Globs as fnmatch(3) reads them without flags: "*" and "?" fit a slash and a
// leading dot too, "[a-z]" one character of a set, "\" takes the next character as
// it is. Case matters.
struct SelectionRules {
  // Of an executable: with a slash in the glob against the whole path, else against
  // the base name.
  std::vector<std::string> match_exe = {};
  std::vector<std::string> match_unit = {};
  std::vector<std::string> match_container = {};
  std::vector<std::string> exclude_exe = {};
  std::vector<std::string> exclude_unit = {};
  std::vector<std::string> exclude_container = {};

  friend bool operator==(const SelectionRules&, const SelectionRules&) = default;
};

// Whether a process is traced: of every kind of match_… that is given one glob must
// fit, and no exclude_… may. A process without a unit or container has an empty
// one, which "*" fits and "?*" does not. `exe_path` is the executable's whole path.
[[nodiscard]] bool is_selected(const SelectionRules& rules, const Identity& identity,
                               const std::string& exe_path);

// Why `glob` can fit nothing, or not what it seems to say: empty, longer than 4096
// bytes, a byte 0, or a "[" or "\" that is never closed. Empty: it is good.
[[nodiscard]] std::string_view glob_defect(std::string_view glob);

}  // namespace gomapd::model
