// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/base/bytes.h"

namespace gomapd::recording {

// CRC-32C (Castagnoli), as RFC 3720 has it: of "123456789" it is 0xe3069283.
[[nodiscard]] std::uint32_t crc32c(Bytes bytes);

}  // namespace gomapd::recording
