// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

namespace gomapd::http {

// How many documents a text has; 2 stands for more, too: yaml-cpp finds documents without
// end in some texts (0.7.0, a directive behind a word), and its LoadAll() keeps them all.
// Throws what yaml-cpp throws.
[[nodiscard]] int count_documents(const std::string& text);

}  // namespace gomapd::http
