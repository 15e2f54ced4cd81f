// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/zipf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace gomapd::model {
namespace {

// The odds of each rank, summed up naively: the definition.
std::vector<double> odds_of(double alpha, std::uint64_t keys) {
  std::vector<double> odds(keys);
  long double total = 0;
  for (std::uint64_t k = 0; k < keys; ++k) {
    odds[k] = std::pow(static_cast<double>(k + 1), -alpha);
    total += odds[k];
  }
  for (auto& one : odds) one = static_cast<double>(one / total);
  return odds;
}

double by_definition(double alpha, std::uint64_t keys, double requests) {
  long double sum = 0;
  for (const auto p : odds_of(alpha, keys)) sum += -std::expm1(requests * std::log1p(-p));
  return static_cast<double>(sum);
}

// Draws so many requests and counts the different keys.
double simulate(double alpha, std::uint64_t keys, std::uint64_t requests, std::uint64_t seed) {
  auto cumulative = odds_of(alpha, keys);
  for (std::uint64_t k = 1; k < keys; ++k) cumulative[k] += cumulative[k - 1];
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<bool> asked(keys);
  for (std::uint64_t i = 0; i < requests; ++i) {
    const auto found = std::ranges::lower_bound(cumulative, uniform(random));
    const auto rank = static_cast<std::uint64_t>(found - cumulative.begin());
    asked[std::min(rank, keys - 1)] = true;
  }
  return static_cast<double>(std::ranges::count(asked, true));
}

class ZipfAlpha : public testing::TestWithParam<double> {};

TEST_P(ZipfAlpha, AgreesWithASimulation) {
  const auto alpha = GetParam();
  const auto keys = distinct_keys({.alpha = alpha, .keys = 200'000}, 100'000);
  double mean = 0;
  constexpr int kRuns = 8;
  for (int run = 0; run < kRuns; ++run)
    mean += simulate(alpha, 200'000, 100'000, static_cast<std::uint64_t>(run)) / kRuns;
  // Five standard deviations of the mean; the seeds are fixed.
  EXPECT_NEAR(keys.expected, mean, 5 * keys.deviation / std::sqrt(kRuns));
}

TEST_P(ZipfAlpha, IsOffByHalfAKeyAtMostBeyondTheRanksThatAreSummed) {
  const auto alpha = GetParam();
  for (const double requests : {10.0, 1e4, 1e6, 1e8})
    EXPECT_NEAR(distinct_keys({.alpha = alpha, .keys = 1'000'000}, requests).expected,
                by_definition(alpha, 1'000'000, requests), 0.5)
        << requests;
}

INSTANTIATE_TEST_SUITE_P(Zipf, ZipfAlpha,
                         testing::Values(0.0, 0.5, 0.8, 0.99, 0.9999, 1.0, 1.0001, 1.01, 1.2, 2.0));

TEST(Zipf, IsContinuousAtOne) {
  const auto at = distinct_keys({.alpha = 1, .keys = 100'000'000}, 1e7).expected;
  const auto below = distinct_keys({.alpha = 1 - 1e-9, .keys = 100'000'000}, 1e7).expected;
  const auto above = distinct_keys({.alpha = 1 + 1e-9, .keys = 100'000'000}, 1e7).expected;
  EXPECT_NEAR(at, below, 1);
  EXPECT_NEAR(at, above, 1);
}

TEST(Zipf, OfEndlessKeysIsTheLimitOfMany) {
  const auto endless = distinct_keys({.alpha = 2, .keys = {}}, 1e6).expected;
  const auto many = distinct_keys({.alpha = 2, .keys = ZipfLaw::kMaxKeys}, 1e6).expected;
  EXPECT_NEAR(endless, many, 1);
}

// Γ(1 - 1/α) (n / ζ(α))^(1/α), which the sum tends to: Karlin, "Central limit
// theorems for certain infinite urn schemes", 1967.
TEST(Zipf, OfEndlessKeysGrowsAsKarlinHasIt) {
  constexpr double kZetaOfTwo = 1.6449340668482264;
  const auto asymptotic = std::tgamma(0.5) * std::sqrt(1e10 / kZetaOfTwo);
  EXPECT_NEAR(distinct_keys({.alpha = 2, .keys = {}}, 1e10).expected, asymptotic, 1);
}

TEST(Zipf, AsksForTheOnlyKey) {
  EXPECT_DOUBLE_EQ(distinct_keys({.alpha = 1, .keys = 1}, 5).expected, 1);
}

TEST(Zipf, OfNoRequestsIsNothing) {
  EXPECT_EQ(distinct_keys({.alpha = 1, .keys = 10}, 0).expected, 0);
}

TEST(Zipf, OfManyRequestsIsEveryKey) {
  const auto keys = distinct_keys({.alpha = 1, .keys = 1000}, 1e9);
  EXPECT_NEAR(keys.expected, 1000, 1e-6);
  EXPECT_NEAR(keys.deviation, 0, 1e-3);
}

TEST(Zipf, CountsFewerEntriesWhereAUseDoesNotProlongTheirLife) {
  const auto keys = distinct_keys({.alpha = 0, .keys = 1000}, 1000);
  EXPECT_NEAR(keys.expected, 1000 * (1 - std::exp(-1)), 0.5);
  EXPECT_NEAR(keys.expected_fixed, 500, 1e-6);
}

TEST(Zipf, OfTheMostKeysAndRequestsIsFinite) {
  const auto keys = distinct_keys({.alpha = 1, .keys = ZipfLaw::kMaxKeys}, 1e18);
  EXPECT_GT(keys.expected, 1e14);
  EXPECT_LE(keys.expected, 1e15);
}

}  // namespace
}  // namespace gomapd::model
