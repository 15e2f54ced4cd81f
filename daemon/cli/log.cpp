// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

namespace gomapd::cli {
namespace {

// The message as a JSON string, quotes and all. Bytes that are no UTF-8 are replaced.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string_view payload(message.payload.data(), message.payload.size());
    const auto text =
        nlohmann::json(payload).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

spdlog::level::level_enum spdlog_level(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kDebug: return spdlog::level::debug;
    case config::LogLevel::kInfo: return spdlog::level::info;
    case config::LogLevel::kWarn: return spdlog::level::warn;
    case config::LogLevel::kError: break;
  }
  return spdlog::level::err;
}

}  // namespace

void set_up_log(bool verbose) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("gomapd"));
  spdlog::set_pattern("gomapd: %l: %v");
  spdlog::set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
}

std::optional<config::LogLevel> level_of(const std::string& name) {
  if (name == "debug") return config::LogLevel::kDebug;
  if (name == "info") return config::LogLevel::kInfo;
  if (name == "warn") return config::LogLevel::kWarn;
  if (name == "error") return config::LogLevel::kError;
  return std::nullopt;
}

void set_up_daemon_log(const config::DaemonOptions& options) {
  spdlog::set_level(spdlog_level(options.log_level));
  if (options.log_format == config::LogFormat::kText) return;
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<JsonMessage>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
  spdlog::set_formatter(std::move(formatter));
}

}  // namespace gomapd::cli
