// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string_view>

#include "daemon/model/trace.h"

namespace gomapd::model {

// Whether a function, as pclntab names it, belongs to Go's standard library or
// runtime. By the first element of its package's path: a program whose own
// module is called as a package of Go's is taken for that.
[[nodiscard]] bool is_standard_library(std::string_view function);

// The innermost frame that is not of the standard library; null when there is
// none. Borrows from `stack`.
[[nodiscard]] const symbol::Frame* nearest_own_frame(const Stack& stack);

}  // namespace gomapd::model
