// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/web_settings.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "daemon/http/listener.h"

namespace gomapd::http {
namespace {

// A chain of certificates has some KiB.
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

std::unexpected<Error> file_error(const std::string& file, int error) {
  const auto code = error == ENOENT   ? Errc::kNotFound
                    : error == EACCES ? Errc::kPermission
                                      : Errc::kSystem;
  return fail(code, fmt::format("{}: {}", file, errno_text(error)));
}

Result<std::string> read_file(const std::string& file) {
  // Not to wait for a writer if it is a pipe.
  const Socket fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return file_error(file, errno);
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    // Whoever waits for the lock meanwhile wants what is read here.
    const auto got =  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
        ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(file, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes)
    return fail(Errc::kUsage, fmt::format("{}: larger than {} bytes", file, kMaxFileBytes));
  text.resize(size);
  return text;
}

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

bool WebSettingsFile::Stamp::operator==(const Stamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         same(modified, other.modified) && same(changed, other.changed);
}

WebSettingsFile::Stamp WebSettingsFile::stamp_of(const std::string& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size, info.st_mtim, info.st_ctim};
}

Result<std::unique_ptr<WebSettingsFile>> WebSettingsFile::open(std::string file, Log log) {
  std::unique_ptr<WebSettingsFile> out(new WebSettingsFile(std::move(file), std::move(log)));
  const std::lock_guard lock(out->mutex_);
  out->settings_ = std::make_shared<const WebSettings>(TRY(out->read()));
  return out;
}

bool WebSettingsFile::has_changed() const {
  return std::ranges::any_of(watched_,
                             [](const Watched& at) { return !(stamp_of(at.file) == at.stamp); });
}

std::shared_ptr<const WebSettings> WebSettingsFile::current() {
  const std::lock_guard lock(mutex_);
  if (!has_changed()) return settings_;
  auto before = watched_;
  auto fresh = read();
  if (fresh) {
    settings_ = std::make_shared<const WebSettings>(std::move(*fresh));
    if (log_) log_(fmt::format("{}: read again", file_));
    return settings_;
  }
  // It may have failed before it came to all its files: they are watched on, as they
  // are now, so that this change is told once and the next is seen.
  for (auto& old : before) {
    if (std::ranges::find(watched_, old.file, &Watched::file) == watched_.end())
      watched_.push_back({old.file, stamp_of(old.file)});
  }
  ++refused_;
  if (log_) log_(fmt::format("web configuration stays as it was: {}", fresh.error().context));
  return settings_;
}

std::uint64_t WebSettingsFile::refused() {
  const std::lock_guard lock(mutex_);
  return refused_;
}

// The stamp comes first: what is written while we read is another change.
Result<std::string> WebSettingsFile::read_watched(const std::string& file) {
  watched_.push_back({file, stamp_of(file)});
  return read_file(file);
}

Result<void> WebSettingsFile::read_pem(Pem& pem) {
  if (!pem.file.empty()) pem.text = TRY(read_watched(pem.file));
  return {};
}

Result<WebSettings> WebSettingsFile::read() {
  watched_.clear();
  WebSettings settings;
  if (file_.empty()) return settings;
  const auto text = TRY(read_watched(file_));
  settings.config = TRY(parse_web_config(text, file_));
  if (!settings.config.tls) return settings;
  auto& tls = *settings.config.tls;
  TRY_VOID(read_pem(tls.certificate));
  TRY_VOID(read_pem(tls.key));
  TRY_VOID(read_pem(tls.client_ca));
  settings.tls = TRY(Tls::create(tls));
  tls.key.text.clear();  // OpenSSL has it
  return settings;
}

}  // namespace gomapd::http
