// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>

#include "probes/base/result.h"

namespace gomapd::exporter {

// `bytes` as a gzip file (RFC 1952) without name and time: the same bytes give
// the same file. kSystem when there is no memory for it.
[[nodiscard]] Result<std::string> gzip(std::string_view bytes);

}  // namespace gomapd::exporter
