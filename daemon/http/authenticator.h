// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/http/token_bucket.h"
#include "daemon/http/web_config.h"

namespace gomapd::http {

struct Credentials {
  std::string user;
  std::string password;
};
// Of an Authorization header; nothing unless it is well-formed Basic (RFC 7617).
[[nodiscard]] std::optional<Credentials> parse_basic(std::string_view header);

// Basic authentication. A wrong password costs bcrypt's time, a wrong user the
// same; one hash is computed at a time, so that guessing takes one CPU at most. Who
// guesses wrongly too often is not listened to for a while, right or wrong: an
// answer would tell which. Right credentials are remembered, as a keyed digest,
// for bcrypt is too slow for each scrape. Safe for several threads.
class Authenticator {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr double kGuesses = 10;
  static constexpr std::chrono::seconds kGuessEvery{6};
  // Who would be the next is told that the server is busy.
  static constexpr std::chrono::seconds kMaxWait{10};
  static constexpr std::size_t kMaxRemembered = 100;
  static constexpr std::size_t kMaxPeers = 1024;

  Authenticator();

  enum class Verdict : std::uint8_t { kAllowed, kDenied, kTooManyGuesses, kBusy };
  struct Answer {
    Verdict verdict;
    std::string user;                     // kAllowed
    std::chrono::seconds retry_after{0};  // kTooManyGuesses, kBusy
  };
  // `peer` is Peer::group; `now` is when the request came.
  [[nodiscard]] Answer check(const std::vector<User>& users, std::string_view authorization,
                             const std::string& peer, Time now);

 private:
  using Digest = std::array<unsigned char, 32>;

  [[nodiscard]] Digest digest(const Credentials& credentials, const std::string& hash) const;
  [[nodiscard]] bool is_remembered(const Digest& digest) const;
  TokenBucket& guesses_of(const std::string& peer, Time now);
  void give_back(const std::string& peer);

  std::array<unsigned char, 32> key_;  // for digests; random, of this process
  std::mutex mutex_;                   // of the two below
  std::deque<Digest> remembered_;      // newest last
  std::unordered_map<std::string, TokenBucket> guesses_;
  std::mutex hashing_;
};

}  // namespace gomapd::http
