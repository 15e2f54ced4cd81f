// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gomapd::http {
namespace {

using std::chrono::nanoseconds;
using testing::HasSubstr;

constexpr std::string_view kHash = "$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu";

const std::string kFull = R"(tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans:
    - one
    - 10.0.0.1
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_128_GCM_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    X-XSS-Protection: 1
    Strict-Transport-Security: max-age=31536000; includeSubDomains
basic_auth_users:
  alice: )" + std::string(kHash) +
                          R"(
  123: $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
rate_limit:
  interval: 1m0.5s
  burst: 20
)";

Result<WebConfig> parse(std::string_view text) {
  return parse_web_config(text, "/etc/gomapd/web.yml");
}

std::string error_of(std::string_view text) {
  const auto config = parse(text);
  return config ? "(none)" : config.error().context;
}

TEST(WebConfig, ReadsEverything) {
  const auto config = parse(kFull);
  ASSERT_TRUE(config) << config.error().context;
  const auto& tls = config->tls.value();
  EXPECT_EQ(tls.certificate.file, "/etc/gomapd/server.crt");
  EXPECT_EQ(tls.key.file, "/keys/server.key");
  EXPECT_EQ(tls.client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_EQ(tls.client_ca.file, "/etc/gomapd/ca.crt");
  EXPECT_THAT(tls.client_allowed_sans, testing::ElementsAre("one", "10.0.0.1"));
  EXPECT_EQ(tls.min_version, TlsVersion::kTls12);
  EXPECT_EQ(tls.max_version, TlsVersion::kTls13);
  EXPECT_THAT(tls.cipher_suites.value(), testing::ElementsAre("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(tls.prefer_server_cipher_suites);
  EXPECT_THAT(tls.curve_preferences, testing::ElementsAre("X25519", "P-256"));
  const Fields headers{{"X-Frame-Options", "deny"},
                       {"X-XSS-Protection", "1"},
                       {"Strict-Transport-Security", "max-age=31536000; includeSubDomains"}};
  EXPECT_EQ(config->headers, headers);
  ASSERT_EQ(config->users.size(), 2U);
  EXPECT_EQ(config->users.front().name, "alice");
  EXPECT_EQ(config->users.front().hash, kHash);
  EXPECT_EQ(config->users.back().name, "123");
  EXPECT_EQ(config->rate_limit.interval, nanoseconds(60'500'000'000));
  EXPECT_EQ(config->rate_limit.burst, 20);
}

class WebConfigEmpty : public testing::TestWithParam<std::string_view> {};
TEST_P(WebConfigEmpty, AsksForNothing) {
  const auto config = parse(GetParam());
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_FALSE(config->tls);
  EXPECT_TRUE(config->users.empty());
  EXPECT_EQ(config->rate_limit.interval, nanoseconds(0));
}
INSTANTIATE_TEST_SUITE_P(Table, WebConfigEmpty,
                         testing::Values("", "# nothing\n", "---\n", "tls_server_config:\n",
                                         "tls_server_config: {}\nbasic_auth_users: {}\n",
                                         "tls_server_config:\n  cert_file:\n  min_version: TLS13\n",
                                         "tls_server_config:\n  client_auth_type: ''\n",
                                         "rate_limit:\n  interval: 0\n  burst: 0\n"));

TEST(WebConfig, TakesKeysWrittenInPlace) {
  const auto config = parse("tls_server_config:\n  cert: |\n    PEM\n  key: K\n");
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ(config->tls->certificate.text, "PEM\n");
  EXPECT_EQ(config->tls->key.text, "K");
}

struct BadCase {
  std::string text;
  std::string_view says;
};
class WebConfigBad : public testing::TestWithParam<BadCase> {};
TEST_P(WebConfigBad, IsRefusedWithItsPlace) {
  EXPECT_THAT(error_of(GetParam().text), HasSubstr(GetParam().says));
}

std::string tls(std::string_view lines) {
  return "tls_server_config:\n  cert_file: a\n  key_file: b\n  " + std::string(lines) + "\n";
}
std::string header(std::string_view line) {
  return "http_server_config:\n  headers:\n    " + std::string(line) + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, WebConfigBad,
    testing::Values(
        BadCase{"junk", "/etc/gomapd/web.yml:1: 'key: value' lines"},
        BadCase{"a: [", "web.yml:1: "},
        BadCase{"\ntls_config:\n  x: y\n", "unknown key 'tls_config'"},
        BadCase{"tls_server_config:\n  cert_fil: a\n", "web.yml:2: unknown key 'cert_fil'"},
        BadCase{"\"a\\nb\": 1\n", "web.yml:1: unknown key 'a?b'"},
        BadCase{"tls_server_config:\n  cert_file: a\n", "needs key_file"},
        BadCase{"tls_server_config:\n  key_file: a\n", "needs cert_file"},
        BadCase{"tls_server_config:\n  client_auth_type: NoClientCert\n", "needs cert_file"},
        BadCase{tls("cert_file: c"), "web.yml:4: 'cert_file' twice"},
        BadCase{tls("client_auth_type: Maybe"), "web.yml:4: unknown client_auth_type 'Maybe'"},
        BadCase{tls("client_ca_file: c"), "without client_auth_type"},
        BadCase{tls("client_allowed_sans: [a]"), "without client_auth_type"},
        BadCase{tls("min_version: TLS10"), "TLS10 is not offered"},
        BadCase{tls("max_version: TLS11"), "TLS11 is not offered"},
        BadCase{tls("min_version: SSL3"), "unknown TLS version 'SSL3'"},
        BadCase{tls("min_version: TLS13\n  max_version: TLS12"), "above max_version"},
        BadCase{tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"), "unknown cipher suite"},
        BadCase{tls("cipher_suites: TLS_AES_128_GCM_SHA256"), "a list is expected"},
        BadCase{tls("cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12"),
                "none of TLS"},
        BadCase{tls("curve_preferences: [CurveP111]"), "unknown curve"},
        BadCase{tls("prefer_server_cipher_suites: 7"), "true or false"},
        BadCase{header("Server: x"), "header 'Server' can't be set"},
        BadCase{header("X-Frame-Options: never"), "no value of X-Frame-Options"},
        BadCase{header("X-Content-Type-Options: sniff"), "no value of"},
        BadCase{header("Content-Security-Policy: \"a\\nb\""), "control character"},
        BadCase{"basic_auth_users:\n  a: secret\n", "web.yml:2: user 'a': no bcrypt hash"},
        BadCase{"basic_auth_users:\n  a: [x]\n", "a single value"},
        BadCase{"basic_auth_users:\n  - a\n", "'key: value' lines"},
        BadCase{"basic_auth_users:\n  a: $2y$19$" + std::string(53, 'a') + "\n", "from 4 to 18"},
        BadCase{"basic_auth_users:\n  a: $2y$10$" + std::string(52, 'a') + "\n", "no bcrypt hash"},
        BadCase{"basic_auth_users:\n  a: $2y$1x$" + std::string(53, 'a') + "\n", "no bcrypt hash"},
        BadCase{"rate_limit:\n  interval: fast\n", "interval: write"},
        BadCase{"rate_limit:\n  interval: 1s\n  burst: 0\n", "burst must be 1"},
        BadCase{"rate_limit:\n  burst: -1\n", "no number of requests"},
        BadCase{"--- {}\n--- {}\n", "two documents"}, BadCase{"   ,   o- %a\n", "two documents"},
        BadCase{"&a [*a]: *a", "web.yml:1: "}, BadCase{std::string(2 << 20, ' '), "larger than"}));

TEST(WebConfig, NoTruncationIsMoreThanAnErrorOrASmallerFile) {
  for (std::size_t length = 0; length < kFull.size(); ++length) {
    const auto config = parse(std::string_view(kFull).substr(0, length));
    if (config) continue;
    EXPECT_THAT(config.error().context, HasSubstr("/etc/gomapd/web.yml:")) << length;
  }
}

TEST(WebConfig, DepthAndAliasesEndInAnError) {
  EXPECT_NE(error_of("tls_server_config: " + std::string(100'000, '[')), "(none)");
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    const auto own = "a" + std::to_string(i);
    bomb += own + ": &" + own + " [" + before + ", " + before + "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("unknown key 'a0'"));
}

struct DurationCase {
  std::string_view text;
  std::int64_t nanoseconds;  // negative: malformed
};
class GoDuration : public testing::TestWithParam<DurationCase> {};
TEST_P(GoDuration, IsReadAsGoDoes) {
  const auto duration = parse_go_duration(GetParam().text);
  EXPECT_EQ(duration ? duration->count() : -1, GetParam().nanoseconds) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Table, GoDuration,
    testing::Values(DurationCase{"0", 0}, DurationCase{"1ns", 1},
                    DurationCase{"250ms", 250'000'000}, DurationCase{"1.5s", 1'500'000'000},
                    DurationCase{".5s", 500'000'000}, DurationCase{"1m30s", 90'000'000'000},
                    DurationCase{"2h", 7'200'000'000'000}, DurationCase{"3us", 3000},
                    DurationCase{"3µs", 3000}, DurationCase{"", -1}, DurationCase{"1", -1},
                    DurationCase{"-1s", -1}, DurationCase{"1d", -1}, DurationCase{"s", -1},
                    DurationCase{"infs", -1}, DurationCase{"1s ", -1},
                    DurationCase{"99999999999999h", -1}));

}  // namespace
}  // namespace gomapd::http
