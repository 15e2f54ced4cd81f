// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gomapd::go {

// Takes a quoted Go string, "like\tthis" or `like this`, from the front of
// `text` and returns what it means; nothing, and `text` untouched, when there
// is none. go1.27 src/strconv/quote.go: QuotedPrefix, Unquote
[[nodiscard]] std::optional<std::string> take_quoted(std::string_view& text);

}  // namespace gomapd::go
