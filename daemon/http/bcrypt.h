// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string>

// Password hashes as `htpasswd -nB` makes them.
namespace gomapd::http {

// A cost is the logarithm of the work: 10 takes some 80 ms, each step up doubles
// that. Above 18 (some 20 s) whoever asks for a page could keep a CPU busy.
inline constexpr int kMinBcryptCost = 4;
inline constexpr int kMaxBcryptCost = 18;

// The cost of a well-formed $2a$, $2b$ or $2y$ hash within these bounds.
[[nodiscard]] std::optional<int> bcrypt_cost(const std::string& hash);

// A hash that no known password has, to be as slow with as with a real one.
[[nodiscard]] std::string bcrypt_decoy(int cost);

// Takes as long as the hash's cost says, right or wrong. Like all of bcrypt it
// sees the first 72 bytes of a password.
[[nodiscard]] bool bcrypt_matches(const std::string& password, const std::string& hash);

}  // namespace gomapd::http
