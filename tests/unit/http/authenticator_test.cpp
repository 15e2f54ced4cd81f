// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/authenticator.h"

#include <gtest/gtest.h>

#include "daemon/http/bcrypt.h"

namespace gomapd::http {
namespace {

using std::chrono::seconds;
using Verdict = Authenticator::Verdict;

// Of "secret", by crypt(3).
const std::string kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::vector<User> kUsers{{"alice", kHash}};
// base64 of "alice:secret", "alice:wrong", "mallory:secret".
constexpr std::string_view kRight = "Basic YWxpY2U6c2VjcmV0";
constexpr std::string_view kWrong = "Basic YWxpY2U6d3Jvbmc=";
constexpr std::string_view kUnknown = "Basic bWFsbG9yeTpzZWNyZXQ=";
const Authenticator::Time kStart{};

TEST(Bcrypt, MatchesWhatOthersMade) {
  EXPECT_TRUE(bcrypt_matches("secret", kHash));
  EXPECT_FALSE(bcrypt_matches("Secret", kHash));
  EXPECT_FALSE(bcrypt_matches("", kHash));
  EXPECT_FALSE(bcrypt_matches(std::string("secret\0x", 8), kHash));
  // jBCrypt's vectors, the second with the prefix of PHP and htpasswd.
  EXPECT_TRUE(
      bcrypt_matches("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"));
  EXPECT_TRUE(
      bcrypt_matches("abc", "$2y$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"));
}

TEST(Bcrypt, TheDecoyIsAHashThatCostsAsMuch) {
  EXPECT_EQ(bcrypt_cost(bcrypt_decoy(4)), 4);
  EXPECT_EQ(bcrypt_cost(bcrypt_decoy(12)), 12);
  EXPECT_FALSE(bcrypt_matches("secret", bcrypt_decoy(4)));
}

TEST(Basic, ReadsUserAndPassword) {
  const auto credentials = parse_basic("bAsIc  YTpiOmM=");  // a:b:c
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->user, "a");
  EXPECT_EQ(credentials->password, "b:c");
}

class BasicBad : public testing::TestWithParam<std::string_view> {};
TEST_P(BasicBad, IsNoCredentials) {
  EXPECT_FALSE(parse_basic(GetParam())) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Table, BasicBad,
                         testing::Values("", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi!",
                                         "Basic YTp", "Basic ====", "Basic YQ==", "Basic Y===",
                                         "Basic Y=pi", "BasicYTpi"));

TEST(Authenticator, TakesTheRightPasswordOnly) {
  Authenticator authenticator;
  const auto right = authenticator.check(kUsers, kRight, "a", kStart);
  EXPECT_EQ(right.verdict, Verdict::kAllowed);
  EXPECT_EQ(right.user, "alice");
  EXPECT_EQ(authenticator.check(kUsers, kWrong, "a", kStart).verdict, Verdict::kDenied);
  EXPECT_EQ(authenticator.check(kUsers, kUnknown, "a", kStart).verdict, Verdict::kDenied);
  EXPECT_EQ(authenticator.check(kUsers, "", "a", kStart).verdict, Verdict::kDenied);
}

TEST(Authenticator, ForgetsAUserWhoIsTakenOut) {
  Authenticator authenticator;
  EXPECT_EQ(authenticator.check(kUsers, kRight, "a", kStart).verdict, Verdict::kAllowed);
  EXPECT_EQ(authenticator.check({{"bob", kHash}}, kRight, "a", kStart).verdict, Verdict::kDenied);
}

TEST(Authenticator, StopsListeningToAGuesserUntilTimeHasPassed) {
  Authenticator authenticator;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(authenticator.check(kUsers, kWrong, "a", kStart).verdict, Verdict::kDenied);
  const auto refused = authenticator.check(kUsers, kRight, "a", kStart);
  EXPECT_EQ(refused.verdict, Verdict::kTooManyGuesses);
  EXPECT_EQ(refused.retry_after, seconds(6));
  EXPECT_EQ(authenticator.check(kUsers, kRight, "b", kStart).verdict, Verdict::kAllowed);
  EXPECT_EQ(authenticator.check(kUsers, kRight, "a", kStart + seconds(6)).verdict,
            Verdict::kAllowed);
}

TEST(Authenticator, TellsAGuesserNothingByWhatItRemembers) {
  Authenticator authenticator;
  EXPECT_EQ(authenticator.check(kUsers, kRight, "a", kStart).verdict, Verdict::kAllowed);
  for (int i = 0; i < 10; ++i) (void)authenticator.check(kUsers, kWrong, "a", kStart);
  EXPECT_EQ(authenticator.check(kUsers, kRight, "a", kStart).verdict, Verdict::kTooManyGuesses);
}

TEST(Authenticator, TheRightPasswordCostsNoGuess) {
  Authenticator authenticator;
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(authenticator.check(kUsers, kRight, "a", kStart).verdict, Verdict::kAllowed);
  EXPECT_EQ(authenticator.check(kUsers, kWrong, "a", kStart).verdict, Verdict::kDenied);
}

TEST(Authenticator, KnowsABoundedNumberOfPeers) {
  Authenticator authenticator;
  for (std::size_t i = 0; i < Authenticator::kMaxPeers + 50; ++i)
    EXPECT_EQ(authenticator.check(kUsers, kWrong, std::to_string(i), kStart).verdict,
              Verdict::kDenied);
}

}  // namespace
}  // namespace gomapd::http
