// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <chrono>

namespace gomapd::http {

// Gets a token each `interval`, up to `burst`, and starts full. Pure: the clock is
// the caller's. Not safe for several threads.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Interval = std::chrono::nanoseconds;

  // `interval` is above 0, `burst` 1 or more.
  TokenBucket(Interval interval, double burst, Time now)
      : interval_(interval), burst_(burst), tokens_(burst), at_(now) {}

  [[nodiscard]] bool has_token(Time now) { return refill(now) >= 1; }
  [[nodiscard]] bool is_full(Time now) { return refill(now) >= burst_; }
  // Call after has_token().
  void take() { tokens_ -= 1; }
  void give_back() { tokens_ = std::min(tokens_ + 1, burst_); }
  [[nodiscard]] std::chrono::seconds until_next(Time now) {
    const auto missing = std::max(0.0, 1 - refill(now));
    return std::chrono::ceil<std::chrono::seconds>(missing * interval_);
  }

 private:
  double refill(Time now) {
    using Exact = std::chrono::duration<double, std::nano>;
    if (now > at_) tokens_ = std::min(burst_, tokens_ + Exact(now - at_) / Exact(interval_));
    at_ = std::max(at_, now);
    return tokens_;
  }

  Interval interval_;
  double burst_;
  double tokens_;
  Time at_;
};

}  // namespace gomapd::http
