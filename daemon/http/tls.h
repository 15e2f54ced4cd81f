// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/http/web_config.h"
#include "probes/base/result.h"

namespace gomapd::http {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslSession = std::unique_ptr<SSL, Freed<SSL_free>>;

// A server's certificate, key and rules for clients, ready for connections. Pinned:
// OpenSSL holds its address. Safe for several threads.
class Tls {
 public:
  // The files' contents are in `config`'s Pem::text by now; file names are only for
  // errors. kMalformed or kUsage: what is wrong with which of them.
  [[nodiscard]] static Result<std::shared_ptr<const Tls>> create(const TlsConfig& config);

  // For one connection. It must not outlive this.
  [[nodiscard]] SslSession accept_session(int fd) const;

  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls() = default;

 private:
  Tls() = default;

  [[nodiscard]] Result<void> set_up(const TlsConfig& config);
  [[nodiscard]] Result<void> use_certificate(const TlsConfig& config);
  [[nodiscard]] Result<void> use_client_rules(const TlsConfig& config);
  static int verify_client(X509_STORE_CTX* store, void* self);

  SslContext context_;
  bool verifies_ = false;
  std::vector<std::string> allowed_sans_;  // none: any
};

// The newest of OpenSSL's errors on this thread, in words; forgets them all.
[[nodiscard]] std::string take_ssl_error();

}  // namespace gomapd::http
