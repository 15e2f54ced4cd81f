// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/bcrypt.h"

#include <crypt.h>
#include <fmt/core.h>
#include <openssl/crypto.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

namespace gomapd::http {
namespace {

// crypt(5): "$2y$", two digits, "$", 22 characters of salt, 31 of hash.
constexpr std::size_t kLength = 60;
constexpr std::string_view kAlphabet =
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace

std::optional<int> bcrypt_cost(const std::string& hash) {
  const std::string_view text = hash;
  if (text.size() != kLength || text[6] != '$') return std::nullopt;
  const auto prefix = text.substr(0, 4);
  if (prefix != "$2a$" && prefix != "$2b$" && prefix != "$2y$") return std::nullopt;
  if (text.substr(7).find_first_not_of(kAlphabet) != std::string_view::npos) return std::nullopt;
  int cost = 0;
  const auto [end, error] = std::from_chars(text.data() + 4, text.data() + 6, cost);
  if (error != std::errc() || end != text.data() + 6) return std::nullopt;
  if (cost < kMinBcryptCost || cost > kMaxBcryptCost) return std::nullopt;
  return cost;
}

std::string bcrypt_decoy(int cost) {
  return fmt::format("$2b${:02}${:.<53}", cost, "");
}

bool bcrypt_matches(const std::string& password, const std::string& hash) {
  // 32 KiB: too much for a stack that others share.
  const auto scratch = std::make_unique<crypt_data>();
  const auto* const computed = crypt_r(password.c_str(), hash.c_str(), scratch.get());
  const bool matches = computed != nullptr && std::strlen(computed) == hash.size() &&
                       CRYPTO_memcmp(computed, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
  // crypt_r takes a NUL for the end: what stands behind it was not compared.
  return matches && !password.contains('\0');
}

}  // namespace gomapd::http
