// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gomapd::live {

using Duration = std::chrono::milliseconds;

// Nothing here is awaited for longer, however slow the machine.
constexpr Duration kPatience = std::chrono::seconds(120);

// How a process ended. A process that did not end in time was killed by us.
struct Ending {
  bool in_time = false;
  int code = -1;  // -1: ended by a signal
  int signal = 0;
};

enum class Terminal { kNo, kYes };
// Why no process can be given a terminal here; empty when one can.
std::string missing_for_terminals();

struct SpawnOptions {
  std::vector<std::string> environment = {};  // NAME=VALUE, besides our own
  std::filesystem::path folder = {};
  Terminal terminal = Terminal::kNo;  // its output is a terminal, both streams one
};

// A child process and what it writes. It and its process group die with this
// value, and with the test. Not for use by several threads.
class Child {
 public:
  explicit Child(const std::vector<std::string>& argv, const SpawnOptions& options = {});
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void send_signal(int signal) const;
  // Writes to its standard input.
  void feed(std::string_view bytes) const;

  // What it has written so far; on a terminal all of it is output().
  std::string output();
  std::string errors();
  // False when it ended, or the patience did, without having written the text.
  bool wait_for_output(std::string_view text);
  bool wait_for_errors(std::string_view text);
  Ending wait(Duration patience = kPatience);

 private:
  bool wait_for(std::string_view text, std::string (Child::*stream)());
  void reap();
  void drain_terminal();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  int terminal_ = -1;
  std::string from_terminal_;
  bool ended_ = false;
  Ending ending_;
};

struct Finished {
  Ending ending;
  std::string output;
  std::string errors;
};

// Runs a command to its end.
Finished run(const std::vector<std::string>& argv, const SpawnOptions& options = {});

// A folder that lives as long as the value; everybody may read it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace gomapd::live
