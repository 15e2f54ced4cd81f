// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>

#include "daemon/proc/file.h"

namespace gomapd::app {

// A result that appears whole or not at all: it is written beside its place and
// then put there. A special file, such as /dev/stdout, is written to directly.
// Its unfinished form goes with this value.
class OutputFile {
 public:
  // kSystem, with the path, when it could not be written later on.
  [[nodiscard]] static Result<OutputFile> open(const std::string& path);

  OutputFile(OutputFile&& other) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  // Once: writes the whole content and puts the file into its place.
  [[nodiscard]] Result<void> commit(std::string_view bytes);

 private:
  OutputFile() = default;

  proc::Fd fd_;
  std::string path_;
  std::string unfinished_;  // empty: none, or no more
};

}  // namespace gomapd::app
