// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>

#include "daemon/analyst/wire.h"

namespace gomapd::analyst {

// What is asked about one file, from its bytes. Pure but for `give_back`; borrows the
// bytes. What several questions need is found once.
class Answers {
 public:
  explicit Answers(Bytes file, GiveBack give_back = nullptr) : file_(file), give_back_(give_back) {}

  // The answer to a request as it came, ready to be sent; an error is an answer, too.
  [[nodiscard]] Message to(Bytes request);

 private:
  [[nodiscard]] Message answer(const Request& request);
  [[nodiscard]] Message map_type(const Request& request);
  [[nodiscard]] Message read(const Request& request);
  [[nodiscard]] Message symbolize(const Request& request);
  [[nodiscard]] Message caller(const Request& request);
  [[nodiscard]] const elf::Image* image();
  [[nodiscard]] const go::Pclntab* pclntab();

  Bytes file_;
  GiveBack give_back_;
  std::optional<Result<elf::Image>> image_;
  std::optional<Result<go::Pclntab>> pclntab_;
};

}  // namespace gomapd::analyst
