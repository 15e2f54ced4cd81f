// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = "/sys/fs/cgroup";

bool write_line(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::endl;
  return out.good();
}

// Where we are in a hierarchy: cgroups(7). `controllers`: as in /proc/self/cgroup.
std::optional<fs::path> own_folder(const fs::path& hierarchy, const std::string& controllers) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos || line.substr(first + 1, second - first - 1) != controllers)
      continue;
    auto folder = hierarchy / line.substr(second + 2);
    if (fs::exists(folder / "cgroup.procs")) return folder;
  }
  return std::nullopt;
}

std::expected<fs::path, std::string> make(const std::optional<fs::path>& parent,
                                          const std::string& name) {
  if (!parent) return std::unexpected("no such hierarchy of control groups here");
  const auto folder = *parent / name;
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    return std::unexpected("no control group can be made: " + std::string(std::strerror(errno)));
  return folder;
}

}  // namespace

// systemd's own hierarchy where there is one (version 1, hybrid), else version 2.
std::expected<Cgroup, std::string> Cgroup::of_unit(const std::string& name) {
  auto parent = own_folder(kRoot / "systemd", "name=systemd");
  if (!parent) parent = own_folder(kRoot, "");
  const auto folder = make(parent, name);
  if (!folder) return std::unexpected(folder.error());
  return Cgroup(*folder);
}

std::expected<Cgroup, std::string> Cgroup::with_memory(const std::string& name, std::size_t bytes) {
  auto parent = own_folder(kRoot / "memory", "memory");
  const char* limit = "memory.limit_in_bytes";
  if (!parent) {
    parent = own_folder(kRoot, "");
    limit = "memory.max";
  }
  const auto folder = make(parent, name);
  if (!folder) return std::unexpected(folder.error());
  Cgroup group(*folder);
  if (!write_line(*folder / limit, std::to_string(bytes)))
    return std::unexpected("memory can't be limited by a control group here");
  return group;
}

Cgroup::Cgroup(Cgroup&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

Cgroup::~Cgroup() {
  (void)remove();
}

std::vector<std::string> Cgroup::running(const std::vector<std::string>& argv) const {
  std::vector<std::string> command{"/bin/sh", "-c", R"(echo $$ >"$0/cgroup.procs" && exec "$@")",
                                   folder_};
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

bool Cgroup::take_in(pid_t pid) const {
  return write_line(folder_ / "cgroup.procs", std::to_string(pid));
}

bool Cgroup::remove() {
  return folder_.empty() || rmdir(folder_.c_str()) == 0 || errno == ENOENT;
}

}  // namespace gomapd::live
