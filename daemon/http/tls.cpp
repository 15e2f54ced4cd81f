// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/tls.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace gomapd::http {
namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

// A key with a pass phrase must be an error, not a question on the terminal.
int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

std::string_view name_of(const Pem& pem, std::string_view key) {
  return pem.file.empty() ? key : std::string_view(pem.file);
}

std::unexpected<Error> wrong(const Pem& pem, std::string_view key, std::string_view what) {
  return fail(Errc::kMalformed,
              fmt::format("{}: {} ({})", name_of(pem, key), what, take_ssl_error()));
}

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate next_certificate(const Bio& bio) {
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
}

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string address_text(const ASN1_STRING* value) {
  char text[INET6_ADDRSTRLEN] = "";
  const auto length = ASN1_STRING_length(value);
  if (length != 4 && length != 16) return {};
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text, sizeof(text));
  return text;
}

// DNS names, e-mail and IP addresses, URIs, as crypto/x509.Certificate has them.
std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> out;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI)
      out.push_back(text_of(static_cast<const ASN1_STRING*>(value)));
    if (type == GEN_IPADD) out.push_back(address_text(static_cast<const ASN1_STRING*>(value)));
  }
  return out;
}

int verify_mode(ClientAuth auth) {
  switch (auth) {
    case ClientAuth::kNone: return SSL_VERIFY_NONE;
    case ClientAuth::kRequest:
    case ClientAuth::kVerifyIfGiven: return SSL_VERIFY_PEER;
    case ClientAuth::kRequireAny:
    case ClientAuth::kRequireAndVerify: break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

int version_number(TlsVersion version) {
  return version == TlsVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

bool set_versions(SSL_CTX* context, const TlsConfig& config) {
  const bool only_13 = config.cipher_suites && config.cipher_suites->empty();
  const auto lowest = only_13 ? TlsVersion::kTls13 : config.min_version;
  return SSL_CTX_set_min_proto_version(context, version_number(lowest)) == 1 &&
         SSL_CTX_set_max_proto_version(context, version_number(config.max_version)) == 1;
}

bool set_algorithms(SSL_CTX* context, const TlsConfig& config) {
  if (config.cipher_suites && !config.cipher_suites->empty()) {
    const auto list = fmt::format("{}", fmt::join(*config.cipher_suites, ":"));
    if (SSL_CTX_set_cipher_list(context, list.c_str()) != 1) return false;
  }
  if (config.curve_preferences.empty()) return true;
  const auto list = fmt::format("{}", fmt::join(config.curve_preferences, ":"));
  return SSL_CTX_set1_groups_list(context, list.c_str()) == 1;
}

}  // namespace

std::string take_ssl_error() {
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  const auto* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? "no reason given" : reason;
}

Result<std::shared_ptr<const Tls>> Tls::create(const TlsConfig& config) {
  ERR_clear_error();
  std::shared_ptr<Tls> tls(new Tls());  // make_shared can't: the constructor is private
  TRY_VOID(tls->set_up(config));
  return tls;
}

Result<void> Tls::set_up(const TlsConfig& config) {
  context_.reset(SSL_CTX_new(TLS_server_method()));
  if (!context_) return fail(Errc::kSystem, fmt::format("TLS: {}", take_ssl_error()));
  auto* const context = context_.get();
  // No sessions are kept, not even in tickets: each connection is checked by the
  // rules that hold when it is made.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (config.prefer_server_cipher_suites)
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (!set_versions(context, config) || !set_algorithms(context, config))
    return fail(Errc::kUsage, fmt::format("tls_server_config: OpenSSL has no such cipher suite, "
                                          "curve or version ({})",
                                          take_ssl_error()));
  TRY_VOID(use_certificate(config));
  return use_client_rules(config);
}

Result<void> Tls::use_certificate(const TlsConfig& config) {
  const auto chain = reader(config.certificate.text);
  const auto own = next_certificate(chain);
  if (!own || SSL_CTX_use_certificate(context_.get(), own.get()) != 1)
    return wrong(config.certificate, "cert", "no certificate that can be used");
  while (auto above = next_certificate(chain)) {
    if (SSL_CTX_add0_chain_cert(context_.get(), above.get()) != 1)
      return wrong(config.certificate, "cert", "no chain of certificates");
    (void)above.release();  // the context's now
  }
  ERR_clear_error();  // the text's end
  const auto text = reader(config.key.text);
  const PrivateKey key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return wrong(config.key, "key", "no private key without a pass phrase");
  if (SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1)
    return wrong(config.key, "key", "the key is not the certificate's");
  return {};
}

Result<void> Tls::use_client_rules(const TlsConfig& config) {
  verifies_ = config.client_auth == ClientAuth::kVerifyIfGiven ||
              config.client_auth == ClientAuth::kRequireAndVerify;
  allowed_sans_ = config.client_allowed_sans;
  SSL_CTX_set_verify(context_.get(), verify_mode(config.client_auth), nullptr);
  SSL_CTX_set_cert_verify_callback(context_.get(), verify_client, this);
  if (!config.client_ca.given()) {
    if (verifies_) SSL_CTX_set_default_verify_paths(context_.get());
    return {};
  }
  auto* const store = SSL_CTX_get_cert_store(context_.get());
  const auto text = reader(config.client_ca.text);
  std::size_t count = 0;
  while (const auto authority = next_certificate(text)) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context_.get(), authority.get()) != 1)
      return wrong(config.client_ca, "client_ca", "no certificate of an authority");
    ++count;
  }
  if (count == 0) return wrong(config.client_ca, "client_ca", "no certificate");
  ERR_clear_error();
  return {};
}

// Within the handshake, for whoever showed a certificate: what fails here ends it.
int Tls::verify_client(X509_STORE_CTX* store, void* self) {
  const auto& tls = *static_cast<const Tls*>(self);
  if (tls.verifies_ && X509_verify_cert(store) != 1) return 0;
  if (tls.allowed_sans_.empty()) return 1;
  const auto names = alternative_names(X509_STORE_CTX_get0_cert(store));
  if (std::ranges::find_first_of(names, tls.allowed_sans_) != names.end()) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

SslSession Tls::accept_session(int fd) const {
  SslSession session(SSL_new(context_.get()));
  if (session && SSL_set_fd(session.get(), fd) != 1) session.reset();
  if (session) SSL_set_accept_state(session.get());
  return session;
}

}  // namespace gomapd::http
