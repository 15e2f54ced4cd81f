// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/http/tls.h"
#include "daemon/http/web_config.h"
#include "probes/base/result.h"

namespace gomapd::http {

// One state of the web configuration and of all files that it names.
struct WebSettings {
  WebConfig config;
  std::shared_ptr<const Tls> tls;  // null: plain HTTP

  // Somebody must say who he is, by password or certificate.
  [[nodiscard]] bool asks_who() const {
    return !config.users.empty() ||
           (config.tls && config.tls->client_auth == ClientAuth::kRequireAndVerify);
  }
};

// The web configuration as it stands in its file now. Safe for several threads.
class WebSettingsFile {
 public:
  using Log = std::function<void(const std::string&)>;

  // Reads it for the first time: any error is the caller's. An empty name stands for
  // an empty file. `log` gets a line for each later change, taken or refused.
  [[nodiscard]] static Result<std::unique_ptr<WebSettingsFile>> open(std::string file, Log log);

  // Reads again first if the file, or one that it names, is another than it was. A
  // change that is refused (half-written, or key and certificate not yet a pair)
  // leaves the last good state.
  [[nodiscard]] std::shared_ptr<const WebSettings> current();

  // Changes refused so far.
  [[nodiscard]] std::uint64_t refused();

 private:
  // Which file stood at a name.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // -1: none
    timespec modified{};
    timespec changed{};

    bool operator==(const Stamp& other) const;
  };
  struct Watched {
    std::string file;
    Stamp stamp;
  };

  WebSettingsFile(std::string file, Log log) : file_(std::move(file)), log_(std::move(log)) {}

  [[nodiscard]] static Stamp stamp_of(const std::string& file);
  [[nodiscard]] bool has_changed() const;
  [[nodiscard]] Result<WebSettings> read();
  [[nodiscard]] Result<void> read_pem(Pem& pem);
  [[nodiscard]] Result<std::string> read_watched(const std::string& file);

  const std::string file_;
  const Log log_;
  std::mutex mutex_;  // of all below
  std::vector<Watched> watched_;
  std::shared_ptr<const WebSettings> settings_;
  std::uint64_t refused_ = 0;
};

}  // namespace gomapd::http
