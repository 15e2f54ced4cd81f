// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The web configuration at work: certificates made by openssl, and curl as client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "daemon/http/server.h"
#include "tests/unit/http/client.h"

namespace gomapd::http {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct Run {
  int exit_code;
  std::string output;
};
Run run(const std::string& command) {
  Run out{-1, {}};
  FILE* const pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own words
  if (pipe == nullptr) return out;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) out.output += static_cast<char>(c);
  const int status = pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

bool have(const char* program) {
  return run(std::string("command -v ") + program + " >/dev/null").exit_code == 0;
}

class WebConfigServed : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "gomapd-web-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  // By a new file that takes the name over, as one should.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name + ".new")) << text;
    std::filesystem::rename(path(name + ".new"), path(name));
  }

  Result<void> start(const std::string& web_config) {
    write("web.yml", web_config);
    ServerOptions options;
    options.addresses = {"127.0.0.1:0"};
    options.web_config_file = path("web.yml");
    options.routes = {{"GET", "/", [](const Request& request) {
                         return Response{.body = "hello " + request.user + "\n"};
                       }}};
    options.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      log_.push_back(line);
    };
    server_.emplace(TRY(Server::start(std::move(options))));
    const auto address = server_->endpoints().at(0);
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    return {};
  }

  std::vector<std::string> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

// "secret", by crypt(3), at the lowest cost.
constexpr std::string_view kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
constexpr std::string_view kAlice = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
constexpr std::string_view kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";

std::string users(std::string_view name) {
  return "basic_auth_users:\n  " + std::string(name) + ": " + std::string(kHash) + "\n";
}

TEST_F(WebConfigServed, AsksForAPassword) {
  ASSERT_TRUE(start(users("alice")));
  const auto refused = test::get(port_, "/");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has("WWW-Authenticate: Basic"));
  EXPECT_EQ(test::get(port_, "/none").status, 401);
  EXPECT_EQ(test::get(port_, "/", kWrong).status, 401);
  EXPECT_EQ(test::get(port_, "/", kAlice).body, "hello alice\n");
  EXPECT_EQ(server_->counts().unauthorized, 3U);
}

TEST_F(WebConfigServed, DoesNotListenToAGuesser) {
  ASSERT_TRUE(start(users("alice")));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(test::get(port_, "/", kWrong).status, 401);
  const auto refused = test::get(port_, "/", kAlice);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_EQ(server_->counts().too_many_guesses, 1U);
}

TEST_F(WebConfigServed, ReadsUsersAgainWhenTheFileChanges) {
  ASSERT_TRUE(start(users("alice")));
  EXPECT_EQ(test::get(port_, "/", kAlice).status, 200);
  write("web.yml", users("bob"));
  EXPECT_EQ(test::get(port_, "/", kAlice).status, 401);
  EXPECT_THAT(log(), Contains(HasSubstr("web.yml: read again")));
}

TEST_F(WebConfigServed, KeepsTheLastGoodConfiguration) {
  ASSERT_TRUE(start(users("alice")));
  write("web.yml", "basic_auth_user:\n");
  EXPECT_EQ(test::get(port_, "/").status, 401);
  EXPECT_EQ(test::get(port_, "/", kAlice).status, 200);
  std::filesystem::remove(path("web.yml"));
  EXPECT_EQ(test::get(port_, "/", kAlice).status, 200);
  EXPECT_EQ(server_->counts().refused_configs, 2U);
  EXPECT_THAT(log(), Contains(HasSubstr("web.yml:1: unknown key 'basic_auth_user'")));
}

TEST_F(WebConfigServed, BoundsTheRateOfRequests) {
  ASSERT_TRUE(start("rate_limit:\n  interval: 1h\n  burst: 2\n"));
  test::Client client(port_);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 429);
  EXPECT_EQ(server_->counts().rate_limited, 1U);
}

TEST_F(WebConfigServed, AddsTheOperatorsHeaders) {
  ASSERT_TRUE(start("http_server_config:\n  headers:\n    X-XSS-Protection: 0\n"));
  EXPECT_TRUE(test::get(port_, "/").has("X-XSS-Protection: 0"));
}

TEST_F(WebConfigServed, IsNoReasonToAskForLocalNamesWhenAPasswordIsNeeded) {
  ASSERT_TRUE(start(users("alice")));
  test::Client client(port_);
  client.send("GET / HTTP/1.1\r\nHost: gomapd.example\r\n" + std::string(kAlice) + "\r\n");
  EXPECT_EQ(client.receive().status, 200);
}

class TlsServed : public WebConfigServed {
 protected:
  void SetUp() override {
    if (!have("openssl") || !have("curl")) GTEST_SKIP() << "openssl or curl is missing";
    WebConfigServed::SetUp();
    make_authority("ca");
    make_certificate("server", "ca", "IP:127.0.0.1");
  }

  void openssl(const std::string& arguments) const {
    const auto made = run("cd " + folder_.string() + " && openssl " + arguments + " 2>&1");
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  static std::string new_key(const std::string& name) {
    return "req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=" +
           name + " -keyout " + name + ".key -out " + name + ".crt ";
  }
  void make_authority(const std::string& name) const { openssl(new_key(name)); }
  void make_certificate(const std::string& name, const std::string& authority,
                        const std::string& names) const {
    openssl(new_key(name) + "-CA " + authority + ".crt -CAkey " + authority +
            ".key -addext basicConstraints=critical,CA:false -addext subjectAltName=" + names);
  }

  // The status of GET /, or 0 if there was no answer.
  [[nodiscard]] int get(const std::string& arguments) const {
    const auto done = run("cd " + folder_.string() +
                          " && curl -q -s -m 20 --noproxy '*' -o /dev/null -w '%{http_code}' " +
                          arguments + " https://127.0.0.1:" + std::to_string(port_) + "/");
    return std::atoi(done.output.c_str());  // NOLINT(cert-err34-c): 000 is 0
  }

  static std::string config(const std::string& more = {}) {
    return "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n" + more;
  }
};

constexpr const char* kTrust = "--cacert ca.crt ";

TEST_F(TlsServed, SpeaksTlsAndNothingElse) {
  ASSERT_TRUE(start(config()));
  EXPECT_EQ(get(kTrust), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--tls-max 1.2"), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0"), 0);
  const auto plain = test::get(port_, "/");
  EXPECT_EQ(plain.status, 400);
  EXPECT_EQ(plain.body, "This address speaks HTTPS: use https://.\n");
  EXPECT_GE(server_->counts().failed_handshakes, 2U);
}

TEST_F(TlsServed, HoldsToVersionsSuitesAndCurves) {
  ASSERT_TRUE(start(config("  min_version: TLS13\n  curve_preferences: [CurveP384]\n")));
  EXPECT_EQ(get(std::string(kTrust) + "--tls-max 1.2"), 0);
  EXPECT_EQ(get(std::string(kTrust) + "--curves X25519"), 0);
  EXPECT_EQ(get(std::string(kTrust) + "--curves P-384"), 200);
  write("web.yml", config("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"));
  const std::string old = std::string(kTrust) + "--tls-max 1.2 --ciphers ";
  EXPECT_EQ(get(old + "ECDHE-ECDSA-AES128-GCM-SHA256"), 0);
  EXPECT_EQ(get(old + "ECDHE-ECDSA-AES256-GCM-SHA384"), 200);
}

TEST_F(TlsServed, VerifiesClients) {
  make_authority("other");
  make_certificate("good", "ca", "DNS:prometheus,IP:10.0.0.1");
  make_certificate("foreign", "other", "DNS:prometheus");
  ASSERT_TRUE(
      start(config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n")));
  EXPECT_EQ(get(kTrust), 0);
  EXPECT_EQ(get(std::string(kTrust) + "--cert good.crt --key good.key"), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--cert foreign.crt --key foreign.key"), 0);

  write("web.yml",
        config("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n"));
  EXPECT_EQ(get(kTrust), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--cert foreign.crt --key foreign.key"), 0);

  write("web.yml", config("  client_auth_type: RequireAnyClientCert\n"));
  EXPECT_EQ(get(kTrust), 0);
  EXPECT_EQ(get(std::string(kTrust) + "--cert foreign.crt --key foreign.key"), 200);
}

TEST_F(TlsServed, TakesOnlyClientsOfTheAllowedNames) {
  make_certificate("good", "ca", "DNS:prometheus");
  make_certificate("bad", "ca", "DNS:mallory,email:prometheus@example.org");
  make_certificate("address", "ca", "IP:10.0.0.1");
  ASSERT_TRUE(
      start(config("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                   "  client_allowed_sans: [prometheus, 10.0.0.1]\n")));
  EXPECT_EQ(get(std::string(kTrust) + "--cert good.crt --key good.key"), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--cert address.crt --key address.key"), 200);
  EXPECT_EQ(get(std::string(kTrust) + "--cert bad.crt --key bad.key"), 0);
}

TEST_F(TlsServed, TakesANewCertificateOnceItsKeyIsThere) {
  ASSERT_TRUE(start(config()));
  EXPECT_EQ(get(kTrust), 200);
  make_authority("ca2");
  make_certificate("next", "ca2", "IP:127.0.0.1");
  std::filesystem::rename(path("next.crt"), path("server.crt"));
  EXPECT_EQ(get(kTrust), 200);  // the old one: the key is not the new one's
  EXPECT_THAT(log(), Contains(HasSubstr("the key is not the certificate's")));
  std::filesystem::rename(path("next.key"), path("server.key"));
  EXPECT_EQ(get(kTrust), 0);
  EXPECT_EQ(get("--cacert ca2.crt"), 200);
}

TEST_F(TlsServed, DoesNotStartWithoutAPair) {
  make_certificate("other", "ca", "IP:127.0.0.1");
  std::filesystem::rename(path("other.key"), path("server.key"));
  const auto started = start(config());
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().context, HasSubstr(path("server.key") + ": the key is not"));
  write("server.crt", "junk");
  const auto junk = start(config());
  ASSERT_FALSE(junk);
  EXPECT_THAT(junk.error().context, HasSubstr(path("server.crt") + ": no certificate"));
}

TEST_F(TlsServed, AClientThatSaysNothingIsDropped) {
  ASSERT_TRUE(start(config()));
  {
    const test::Client silent(port_);  // hangs up in the middle of a handshake
    silent.send(std::string_view("\x16\x03\x01\x02", 4));
  }
  EXPECT_EQ(get(kTrust), 200);
}

}  // namespace
}  // namespace gomapd::http
