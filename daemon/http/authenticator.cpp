// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/authenticator.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <strings.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>
#include <thread>

#include "daemon/http/bcrypt.h"

namespace gomapd::http {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};

// Not locked when it took longer. A clock that nobody sets: std::timed_mutex would do, had g++
// 12's ThreadSanitizer a notion of pthread_mutex_clocklock(3).
std::unique_lock<std::mutex> lock_within(std::mutex& mutex, std::chrono::seconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  std::unique_lock lock(mutex, std::try_to_lock);
  while (!lock && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kLookEvery);
    (void)lock.try_lock();
  }
  return lock;
}

// RFC 4648 4, with its padding and nothing else.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = text.size() - text.find_last_not_of('=') - 1;
  if (padding > 2) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);  // it writes zeros for the padding
  return out;
}

// std::erase_if hands rows out as constants.
void forget_full(std::unordered_map<std::string, TokenBucket>& guesses, Authenticator::Time now) {
  for (auto at = guesses.begin(); at != guesses.end();)
    at = at->second.is_full(now) ? guesses.erase(at) : std::next(at);
}

// As slow as the slowest that is known, for a user that isn't.
int slowest(const std::vector<User>& users) {
  int cost = kMinBcryptCost;
  for (const auto& user : users) cost = std::max(cost, bcrypt_cost(user.hash).value_or(cost));
  return cost;
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view header) {
  constexpr std::size_t kScheme = 6;
  const std::string scheme(header.substr(0, kScheme));
  if (strcasecmp(scheme.c_str(), "Basic ") != 0) return std::nullopt;
  header.remove_prefix(std::min(header.size(), header.find_first_not_of(' ', kScheme)));
  const auto text = decode_base64(header);
  if (!text) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

Authenticator::Authenticator() : key_{} {
  // Without randomness nothing is remembered wrongly: the key is then known, but
  // digests never leave this process.
  RAND_bytes(key_.data(), static_cast<int>(key_.size()));
}

Authenticator::Digest Authenticator::digest(const Credentials& credentials,
                                            const std::string& hash) const {
  // The hash is of one length and without NUL, and no user has a NUL: unambiguous.
  const auto text = hash + credentials.user + '\0' + credentials.password;
  Digest out{};
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), nullptr);
  return out;
}

bool Authenticator::is_remembered(const Digest& digest) const {
  return std::ranges::any_of(remembered_, [&](const Digest& other) {
    return CRYPTO_memcmp(digest.data(), other.data(), digest.size()) == 0;
  });
}

// Peers without a wrong guess have no row. A full table forgets whoever has all its
// guesses back; if nobody has, anyone: there are more hosts than rows that guess.
TokenBucket& Authenticator::guesses_of(const std::string& peer, Time now) {
  if (const auto found = guesses_.find(peer); found != guesses_.end()) return found->second;
  if (guesses_.size() >= kMaxPeers) forget_full(guesses_, now);
  if (guesses_.size() >= kMaxPeers) guesses_.erase(guesses_.begin());
  return guesses_.try_emplace(peer, kGuessEvery, kGuesses, now).first->second;
}

void Authenticator::give_back(const std::string& peer) {
  if (const auto found = guesses_.find(peer); found != guesses_.end()) found->second.give_back();
}

Authenticator::Answer Authenticator::check(const std::vector<User>& users,
                                           std::string_view authorization, const std::string& peer,
                                           Time now) {
  const auto credentials = parse_basic(authorization);
  if (!credentials) return {Verdict::kDenied, {}};
  const auto user = std::ranges::find(users, credentials->user, &User::name);
  const bool known = user != users.end();
  const auto hash = known ? user->hash : bcrypt_decoy(slowest(users));
  const auto key = digest(*credentials, hash);
  {
    // A guess is paid before it is tried: many at once get no further than one by one.
    const std::lock_guard lock(mutex_);
    auto& guesses = guesses_of(peer, now);
    if (!guesses.has_token(now))
      return {Verdict::kTooManyGuesses, {}, std::max(guesses.until_next(now), kGuessEvery)};
    if (known && is_remembered(key)) return {Verdict::kAllowed, credentials->user};
    guesses.take();
  }
  bool right = false;
  {
    const auto hashing = lock_within(hashing_, kMaxWait);
    if (!hashing) {
      const std::lock_guard lock(mutex_);
      give_back(peer);
      return {Verdict::kBusy, {}, kMaxWait};
    }
    right = bcrypt_matches(credentials->password, hash) && known;
  }
  if (!right) return {Verdict::kDenied, {}};
  const std::lock_guard lock(mutex_);
  give_back(peer);
  if (!is_remembered(key)) remembered_.push_back(key);
  if (remembered_.size() > kMaxRemembered) remembered_.pop_front();
  return {Verdict::kAllowed, credentials->user};
}

}  // namespace gomapd::http
