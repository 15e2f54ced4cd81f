// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace gomapd::live {

// A control group of our own, below ours, which goes with this value. Ends nobody in it.
class Cgroup {
 public:
  // One whose folder says which unit of systemd's its processes are; or why there is none.
  static std::expected<Cgroup, std::string> of_unit(const std::string& name);
  // One whose processes have `bytes` of memory, BPF's included.
  static std::expected<Cgroup, std::string> with_memory(const std::string& name, std::size_t bytes);
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  ~Cgroup();

  // `argv`, begun in it: the process number stays the same.
  [[nodiscard]] std::vector<std::string> running(const std::vector<std::string>& argv) const;
  [[nodiscard]] bool take_in(pid_t pid) const;
  // Whether it is gone now: not while somebody is in it.
  [[nodiscard]] bool remove();

 private:
  explicit Cgroup(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

}  // namespace gomapd::live
