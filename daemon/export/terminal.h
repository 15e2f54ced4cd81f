// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gomapd::exporter {

// `text`, which comes from a target, made harmless for a terminal: control
// characters (C0, DEL, C1), bidirectional overrides and bytes that are no UTF-8
// become \xNN.
[[nodiscard]] std::string escape(std::string_view text);

// Columns that escaped text takes (one per code point).
[[nodiscard]] std::size_t columns(std::string_view escaped);

// The last `width` columns, with "…" in front, when it is longer: of a path or
// a function the end tells most. `width` 0: no limit.
[[nodiscard]] std::string keep_end(std::string_view escaped, std::size_t width);
// The first `width` columns, with "…" behind, when it is longer.
[[nodiscard]] std::string keep_start(std::string_view escaped, std::size_t width);

// Escaped lines, those longer than `width` broken at spaces and indented; of a
// word that is longer, the end is kept. `width` 0: no limit.
[[nodiscard]] std::string wrap(std::string_view escaped_lines, std::size_t width);

// Of the terminal on `fd`; 0 when that is no terminal.
struct WindowSize {
  std::size_t columns = 0;
  std::size_t rows = 0;
};
[[nodiscard]] WindowSize window_size(int fd);

[[nodiscard]] std::string human_count(std::uint64_t value);  // "1,234,567"
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);  // "1.2 MiB"
[[nodiscard]] std::string human_duration(std::uint64_t ns);  // "1.2 ms"

}  // namespace gomapd::exporter
