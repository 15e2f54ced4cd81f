// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/zipf.h"

#include <algorithm>
#include <cmath>

namespace gomapd::model {
namespace {

constexpr std::uint64_t kSummed = 65536;
// Of Simpson's rule in ln k, for alpha up to 1: the terms vary by alpha * ln k.
constexpr double kStep = 0.01;
// Below these odds to be asked for, a term is n * p_k to six digits.
constexpr double kRare = 1e-6;

// The integral of x^-alpha from a to b, also at and near alpha = 1, where
// (b^(1-alpha) - a^(1-alpha)) / (1-alpha) is 0/0 and loses all digits around.
double power_integral(double a, double b, double alpha) {
  const auto length = std::log(b / a);
  const auto exponent = (1 - alpha) * length;
  const auto ratio = exponent == 0 ? 1.0 : std::expm1(exponent) / exponent;
  return std::pow(a, 1 - alpha) * length * ratio;
}

// Sum of k^-alpha. Above kSummed by Euler and Maclaurin; the first term left out
// is below 1e-17 of the sum.
double harmonic(const ZipfLaw& law) {
  const auto alpha = law.alpha;
  const auto summed = std::min(law.keys.value_or(kSummed), kSummed);
  double sum = 0;
  for (auto k = summed; k >= 1; --k) sum += std::pow(static_cast<double>(k), -alpha);
  if (law.keys && *law.keys <= kSummed) return sum;
  const auto a = static_cast<double>(kSummed + 1);
  sum += std::pow(a, -alpha) / 2 + alpha / 12 * std::pow(a, -alpha - 1);
  if (!law.keys) return sum + std::pow(a, 1 - alpha) / (alpha - 1);
  const auto b = static_cast<double>(*law.keys);
  return sum + power_integral(a, b, alpha) + std::pow(b, -alpha) / 2 -
         alpha / 12 * std::pow(b, -alpha - 1);
}

// Sums term(p_k) over all keys. `term` rises from 0 with p, as n * p where that
// is small.
template <typename Term>
double sum_over_keys(const ZipfLaw& law, double total, double requests, Term term) {
  const auto odds = [&](double k) { return std::pow(k, -law.alpha) / total; };
  const auto summed = std::min(law.keys.value_or(kSummed), kSummed);
  double sum = 0;
  for (auto k = summed; k >= 1; --k) sum += term(odds(static_cast<double>(k)));
  if (law.keys && *law.keys <= kSummed) return sum;

  const auto a = static_cast<double>(kSummed + 1);
  // From here on, hardly any key is asked for twice.
  const auto rare =
      law.alpha == 0 ? a : std::max(a, std::pow(requests / (total * kRare), 1 / law.alpha));
  const auto end = law.keys ? static_cast<double>(*law.keys) : rare;
  const auto length = std::log(end / a);
  const auto step = kStep / std::max(1.0, law.alpha);
  const auto panels = 2 * static_cast<std::uint64_t>(std::ceil(length / (2 * step)) + 1);
  const auto width = length / static_cast<double>(panels);
  const auto at = [&](std::uint64_t panel) {
    const auto k = a * std::exp(width * static_cast<double>(panel));
    return k * term(odds(k));
  };
  double integral = at(0) + at(panels);
  for (std::uint64_t panel = 1; panel < panels; ++panel)
    integral += (panel % 2 == 1 ? 4 : 2) * at(panel);
  sum += integral * width / 3 + (term(odds(a)) + term(odds(end))) / 2;
  if (!law.keys) sum += requests / total * std::pow(end, 1 - law.alpha) / (law.alpha - 1);
  return sum;
}

}  // namespace

DistinctKeys distinct_keys(const ZipfLaw& law, double requests) {
  if (requests <= 0) return {};
  const auto total = harmonic(law);
  // 1 - (1 - p)^n without loss of digits where p is small.
  const auto asked = [&](double p) { return -std::expm1(requests * std::log1p(-p)); };
  DistinctKeys keys;
  // Rounding must not make more of them than there are.
  const auto most = law.keys ? static_cast<double>(*law.keys) : requests;
  keys.expected = std::min(sum_over_keys(law, total, requests, asked), most);
  // Two keys that were asked for are less likely than if they were independent.
  const auto variance =
      sum_over_keys(law, total, requests, [&](double p) { return asked(p) * (1 - asked(p)); });
  keys.deviation = std::sqrt(std::max(0.0, variance));
  keys.expected_fixed = sum_over_keys(law, total, requests,
                                      [&](double p) { return requests * p / (1 + requests * p); });
  return keys;
}

}  // namespace gomapd::model
