// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "probes/base/result.h"

// Pure: the text of --web.config.file → what it asks for. The form is that of
// Prometheus's exporter-toolkit, docs/web-configuration.md there; docs/WEB.md
// says where we are stricter.
namespace gomapd::http {

// A PEM text, written into the configuration or in a file of its own.
struct Pem {
  std::string text;
  std::string file;  // wins if both are given, as there; relative to the working directory

  [[nodiscard]] bool given() const { return !text.empty() || !file.empty(); }
};

// crypto/tls: ClientAuthType, of the same names.
enum class ClientAuth : std::uint8_t {
  kNone,
  kRequest,     // asks, and takes any certificate or none
  kRequireAny,  // any certificate, whoever signed it
  kVerifyIfGiven,
  kRequireAndVerify,
};

enum class TlsVersion : std::uint8_t { kTls12, kTls13 };

struct TlsConfig {
  Pem certificate;  // the chain, the server's own first
  Pem key;
  ClientAuth client_auth = ClientAuth::kNone;
  Pem client_ca;  // not given: the system's authorities
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  // In OpenSSL's words, for TLS 1.2. Nothing: the asker's choice among none, so
  // TLS 1.3 alone; not there: OpenSSL's default.
  std::optional<std::vector<std::string>> cipher_suites;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  // in OpenSSL's words
};

struct User {
  std::string name;
  std::string hash;  // bcrypt
};

struct RateLimit {
  std::chrono::nanoseconds interval{0};  // 0: no limit
  std::int64_t burst = 0;
};

struct WebConfig {
  std::optional<TlsConfig> tls;
  Fields headers;
  std::vector<User> users;  // none: everybody may
  RateLimit rate_limit;
};

// `file` is the text's name for errors; relative names in it are taken to be
// beside it. kUsage, with file and line: no YAML, an unknown or repeated key, a
// value that means nothing, or that asks for what is not done here.
[[nodiscard]] Result<WebConfig> parse_web_config(std::string_view text, const std::string& file);

// Go's time.ParseDuration for what is not negative: "1m30s", "250ms", "0".
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace gomapd::http
