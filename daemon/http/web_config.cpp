// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/web_config.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <set>
#include <string>

#include "daemon/http/bcrypt.h"
#include "daemon/http/yaml_documents.h"
#include "probes/base/text.h"

namespace gomapd::http {
namespace {

// Nobody writes more; yaml-cpp needs some 100 bytes of memory for one of text.
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

template <typename T>
struct Word {
  std::string_view word;
  T value;
};

// Go's name for it; false: there is none.
template <typename T, std::size_t N>
bool find_word(const std::array<Word<T>, N>& words, std::string_view word, T& into) {
  const auto found = std::ranges::find(words, word, &Word<T>::word);
  if (found == words.end()) return false;
  into = found->value;
  return true;
}

// exporter-toolkit web/tls_config.go: ConfigToTLSConfig.
constexpr std::array kClientAuths{
    Word<ClientAuth>{"", ClientAuth::kNone},
    Word<ClientAuth>{"NoClientCert", ClientAuth::kNone},
    Word<ClientAuth>{"RequestClientCert", ClientAuth::kRequest},
    Word<ClientAuth>{"RequireClientCert", ClientAuth::kRequireAny},
    Word<ClientAuth>{"RequireAnyClientCert", ClientAuth::kRequireAny},
    Word<ClientAuth>{"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    Word<ClientAuth>{"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify},
};

constexpr std::array kVersions{
    Word<TlsVersion>{"TLS12", TlsVersion::kTls12},
    Word<TlsVersion>{"TLS13", TlsVersion::kTls13},
};

constexpr std::array kCurves{
    Word<std::string_view>{"CurveP256", "P-256"},
    Word<std::string_view>{"CurveP384", "P-384"},
    Word<std::string_view>{"CurveP521", "P-521"},
    Word<std::string_view>{"X25519", "X25519"},
};

// go1.27 crypto/tls/cipher_suites.go: CipherSuites. Those of TLS 1.3 can't be
// chosen there, nor here: they are taken and say nothing.
constexpr std::array kCipherSuites{
    Word<std::string_view>{"TLS_AES_128_GCM_SHA256", ""},
    Word<std::string_view>{"TLS_AES_256_GCM_SHA384", ""},
    Word<std::string_view>{"TLS_CHACHA20_POLY1305_SHA256", ""},
    Word<std::string_view>{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    Word<std::string_view>{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    Word<std::string_view>{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    Word<std::string_view>{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    Word<std::string_view>{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                           "ECDHE-ECDSA-AES128-GCM-SHA256"},
    Word<std::string_view>{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                           "ECDHE-ECDSA-AES256-GCM-SHA384"},
    Word<std::string_view>{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    Word<std::string_view>{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    Word<std::string_view>{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                           "ECDHE-RSA-CHACHA20-POLY1305"},
    Word<std::string_view>{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                           "ECDHE-ECDSA-CHACHA20-POLY1305"},
};

struct HeaderRule {
  std::string_view name;
  std::array<std::string_view, 2> allowed;  // nothing: any value
};
// exporter-toolkit web/handler.go: extraHTTPHeaders.
constexpr std::array kHeaders{
    HeaderRule{"Strict-Transport-Security", {}},
    HeaderRule{"X-Content-Type-Options", {"nosniff"}},
    HeaderRule{"X-Frame-Options", {"deny", "sameorigin"}},
    HeaderRule{"X-XSS-Protection", {}},
    HeaderRule{"Content-Security-Policy", {}},
};

// Reads one file; knows its name for errors.
class Reader {
 public:
  explicit Reader(const std::string& file)
      : file_(file), folder_(file.substr(0, file.rfind('/') + 1)) {}

  Result<WebConfig> read(const YAML::Node& root) const;

 private:
  using Field = std::function<Result<void>(const YAML::Node&)>;
  struct Key {
    std::string_view name;
    Field read;
  };

  [[nodiscard]] std::unexpected<Error> wrong(const YAML::Node& node, std::string_view what) const {
    return fail(Errc::kUsage,
                fmt::format("{}:{}: {}", file_, node.Mark().line + 1, one_line(what)));
  }

  // Each pair once: the key, its node (for the line), the value.
  using Pair =
      std::function<Result<void>(const std::string&, const YAML::Node&, const YAML::Node&)>;
  Result<void> pairs(const YAML::Node& node, const Pair& each) const;
  // Only these keys; an empty value means not given.
  Result<void> fields(const YAML::Node& node, std::initializer_list<Key> keys) const;
  Result<void> items(const YAML::Node& node, const Field& each) const;

  Result<std::string> text(const YAML::Node& node) const;
  Result<bool> boolean(const YAML::Node& node) const;
  template <typename T, std::size_t N>
  Result<T> word(const YAML::Node& node, const std::array<Word<T>, N>& words,
                 std::string_view what) const;

  Field into(std::string& target) const;
  Field into(bool& target) const;
  Field into_file(std::string& target) const;

  Result<void> read_tls(const YAML::Node& node, std::optional<TlsConfig>& out) const;
  Result<void> check_tls(const YAML::Node& node, const TlsConfig& tls) const;
  Result<void> read_version(const YAML::Node& node, TlsVersion& out) const;
  Result<void> read_suites(const YAML::Node& node, TlsConfig& tls) const;
  Result<void> read_http(const YAML::Node& node, WebConfig& config) const;
  Result<void> read_header(const std::string& name, const YAML::Node& node, Fields& out) const;
  Result<void> read_user(const std::string& name, const YAML::Node& node,
                         std::vector<User>& out) const;
  Result<void> read_rate_limit(const YAML::Node& node, RateLimit& out) const;

  const std::string file_;
  const std::string folder_;  // with its slash; empty: the working directory
};

Result<void> Reader::pairs(const YAML::Node& node, const Pair& each) const {
  if (node.IsNull()) return {};
  if (!node.IsMap()) return wrong(node, "'key: value' lines are expected here");
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const auto name = TRY(text(pair.first));
    if (!seen.insert(name).second) return wrong(pair.first, fmt::format("'{}' twice", name));
    TRY_VOID(each(name, pair.first, pair.second));
  }
  return {};
}

Result<void> Reader::fields(const YAML::Node& node, std::initializer_list<Key> keys) const {
  return pairs(node, [&](const auto& name, const auto& at, const auto& value) -> Result<void> {
    const auto* const key = std::ranges::find(keys, name, &Key::name);
    if (key == keys.end()) return wrong(at, fmt::format("unknown key '{}'", name));
    return value.IsNull() ? Result<void>() : key->read(value);
  });
}

Result<void> Reader::items(const YAML::Node& node, const Field& each) const {
  if (!node.IsSequence()) return wrong(node, "a list is expected here");
  for (const auto& item : node) TRY_VOID(each(item));
  return {};
}

Result<std::string> Reader::text(const YAML::Node& node) const {
  if (node.IsNull()) return std::string();
  if (!node.IsScalar()) return wrong(node, "a single value is expected here");
  if (node.Scalar().contains('\0')) return wrong(node, "a NUL character");
  return node.Scalar();
}

Result<bool> Reader::boolean(const YAML::Node& node) const {
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value))
    return wrong(node, "true or false is expected here");
  return value;
}

template <typename T, std::size_t N>
Result<T> Reader::word(const YAML::Node& node, const std::array<Word<T>, N>& words,
                       std::string_view what) const {
  const auto name = TRY(text(node));
  T value{};
  if (!find_word(words, name, value))
    return wrong(node, fmt::format("unknown {} '{}'", what, name));
  return value;
}

Reader::Field Reader::into(std::string& target) const {
  return [this, &target](const YAML::Node& node) -> Result<void> {
    target = TRY(text(node));
    return {};
  };
}

Reader::Field Reader::into(bool& target) const {
  return [this, &target](const YAML::Node& node) -> Result<void> {
    target = TRY(boolean(node));
    return {};
  };
}

Reader::Field Reader::into_file(std::string& target) const {
  return [this, &target](const YAML::Node& node) -> Result<void> {
    target = TRY(text(node));
    if (!target.empty() && !target.starts_with('/')) target = folder_ + target;
    return {};
  };
}

Result<void> Reader::read_version(const YAML::Node& node, TlsVersion& out) const {
  const auto name = TRY(text(node));
  if (name == "TLS10" || name == "TLS11")
    return wrong(node, fmt::format("{} is not offered: it is broken; TLS12 or TLS13", name));
  out = TRY(word(node, kVersions, "TLS version"));
  return {};
}

Result<void> Reader::read_suites(const YAML::Node& node, TlsConfig& tls) const {
  std::vector<std::string> suites;
  TRY_VOID(items(node, [&](const YAML::Node& item) -> Result<void> {
    const auto suite = TRY(word(item, kCipherSuites, "cipher suite"));
    if (!suite.empty()) suites.emplace_back(suite);
    return {};
  }));
  if (node.size() > 0) tls.cipher_suites = std::move(suites);
  return {};
}

Result<void> Reader::check_tls(const YAML::Node& node, const TlsConfig& tls) const {
  if (!tls.certificate.given()) return wrong(node, "tls_server_config needs cert_file, or cert");
  if (!tls.key.given()) return wrong(node, "tls_server_config needs key_file, or key");
  if (tls.client_ca.given() && tls.client_auth == ClientAuth::kNone)
    return wrong(node, "client_ca_file without client_auth_type checks nobody");
  if (!tls.client_allowed_sans.empty() && tls.client_auth == ClientAuth::kNone)
    return wrong(node, "client_allowed_sans without client_auth_type checks nobody");
  if (tls.min_version > tls.max_version) return wrong(node, "min_version is above max_version");
  const bool only_13 = tls.cipher_suites && tls.cipher_suites->empty();
  if (only_13 && tls.max_version == TlsVersion::kTls12)
    return wrong(node, "cipher_suites has none of TLS 1.2, max_version nothing else");
  return {};
}

Result<void> Reader::read_tls(const YAML::Node& node, std::optional<TlsConfig>& out) const {
  TlsConfig tls;
  bool has_client_auth = false;
  const auto client_auth = [&](const YAML::Node& value) -> Result<void> {
    tls.client_auth = TRY(word(value, kClientAuths, "client_auth_type"));
    has_client_auth = !value.Scalar().empty();
    return {};
  };
  const auto san = [&](const YAML::Node& item) -> Result<void> {
    tls.client_allowed_sans.push_back(TRY(text(item)));
    return {};
  };
  const auto curve = [&](const YAML::Node& item) -> Result<void> {
    tls.curve_preferences.emplace_back(TRY(word(item, kCurves, "curve")));
    return {};
  };
  TRY_VOID(fields(
      node, {{"cert", into(tls.certificate.text)},
             {"cert_file", into_file(tls.certificate.file)},
             {"key", into(tls.key.text)},
             {"key_file", into_file(tls.key.file)},
             {"client_ca", into(tls.client_ca.text)},
             {"client_ca_file", into_file(tls.client_ca.file)},
             {"client_auth_type", client_auth},
             {"client_allowed_sans", [&](const YAML::Node& list) { return items(list, san); }},
             {"min_version",
              [&](const YAML::Node& value) { return read_version(value, tls.min_version); }},
             {"max_version",
              [&](const YAML::Node& value) { return read_version(value, tls.max_version); }},
             {"cipher_suites", [&](const YAML::Node& list) { return read_suites(list, tls); }},
             {"prefer_server_cipher_suites", into(tls.prefer_server_cipher_suites)},
             {"curve_preferences", [&](const YAML::Node& list) { return items(list, curve); }}}));
  // exporter-toolkit web/tls_config.go: IsEnabled. The rest alone is no wish for TLS.
  if (!tls.certificate.given() && !tls.key.given() && !tls.client_ca.given() && !has_client_auth)
    return {};
  TRY_VOID(check_tls(node, tls));
  out = std::move(tls);
  return {};
}

Result<void> Reader::read_header(const std::string& name, const YAML::Node& node,
                                 Fields& out) const {
  const auto* const rule = std::ranges::find(kHeaders, name, &HeaderRule::name);
  if (rule == kHeaders.end()) return wrong(node, fmt::format("header '{}' can't be set", name));
  auto value = TRY(text(node));
  const bool is_free = rule->allowed.front().empty();
  if (!is_free && (value.empty() || !std::ranges::count(rule->allowed, value)))
    return wrong(node, fmt::format("'{}' is no value of {}", value, name));
  if (std::ranges::any_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return wrong(node, fmt::format("{} has a control character", name));
  if (!value.empty()) out.emplace_back(name, std::move(value));
  return {};
}

Result<void> Reader::read_http(const YAML::Node& node, WebConfig& config) const {
  bool http2 = true;  // HTTP/1.1 is always spoken, so there is nothing to switch
  const auto read_headers = [&](const YAML::Node& headers) {
    return pairs(headers, [&](const auto& name, const auto& /*at*/, const auto& value) {
      return read_header(name, value, config.headers);
    });
  };
  return fields(node, {{"http2", into(http2)}, {"headers", read_headers}});
}

Result<void> Reader::read_user(const std::string& name, const YAML::Node& node,
                               std::vector<User>& out) const {
  auto hash = TRY(text(node));
  if (!bcrypt_cost(hash)) {
    return wrong(node, fmt::format("user '{}': no bcrypt hash ($2a$, $2b$ or $2y$) of a cost from "
                                   "{} to {}",
                                   name, kMinBcryptCost, kMaxBcryptCost));
  }
  out.push_back({name, std::move(hash)});
  return {};
}

Result<void> Reader::read_rate_limit(const YAML::Node& node, RateLimit& out) const {
  const auto read_interval = [&](const YAML::Node& value) -> Result<void> {
    const auto interval = parse_go_duration(TRY(text(value)));
    if (!interval) return wrong(value, "interval: write 250ms, 1s or 1m30s");
    out.interval = *interval;
    return {};
  };
  const auto read_burst = [&](const YAML::Node& value) -> Result<void> {
    if (!YAML::convert<std::int64_t>::decode(value, out.burst) || out.burst < 0)
      return wrong(value, "burst is no number of requests");
    return {};
  };
  TRY_VOID(fields(node, {{"interval", read_interval}, {"burst", read_burst}}));
  // Such a bucket never has a token: nobody would ever be served.
  if (out.interval.count() > 0 && out.burst == 0)
    return wrong(node, "rate_limit: burst must be 1 or more");
  return {};
}

Result<WebConfig> Reader::read(const YAML::Node& root) const {
  WebConfig config;
  TRY_VOID(fields(
      root,
      {{"tls_server_config", [&](const YAML::Node& node) { return read_tls(node, config.tls); }},
       {"http_server_config", [&](const YAML::Node& node) { return read_http(node, config); }},
       {"basic_auth_users",
        [&](const YAML::Node& node) {
          return pairs(node, [&](const auto& name, const auto& /*at*/, const auto& value) {
            return read_user(name, value, config.users);
          });
        }},
       {"rate_limit",
        [&](const YAML::Node& node) { return read_rate_limit(node, config.rate_limit); }}}));
  return config;
}

}  // namespace

Result<WebConfig> parse_web_config(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes)
    return fail(Errc::kUsage, fmt::format("{}: larger than {} bytes", file, kMaxBytes));
  try {
    const std::string copy(text);
    switch (count_documents(copy)) {
      case 0: return WebConfig{};
      case 1: return Reader(file).read(YAML::Load(copy));
      default: return fail(Errc::kUsage, fmt::format("{}: two documents", file));
    }
  } catch (const YAML::Exception& error) {
    return fail(Errc::kUsage,
                fmt::format("{}:{}: {}", file, error.mark.line + 1, one_line(error.msg)));
  }
}

}  // namespace gomapd::http
