// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The first byte picks the machine, the rest is a function's body. Whatever site is
// chosen lies where an instruction begins: a probe inside one would change the program.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "probes/code/site.h"

namespace gomapd::code {
namespace {

constexpr elf::Vaddr kEntry = 0x401000;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const FunctionCode& code, const Site& site) {
  const auto& all = code.instructions();
  require(std::ranges::any_of(all, [&](const Instruction& one) {
    return one.offset == site.instruction.offset && one.length == site.instruction.length;
  }));
}

void check(const FunctionCode& code, const Result<Site>& site) {
  if (site) check(code, *site);
}

void check(const FunctionCode& code, const Result<std::vector<Site>>& sites) {
  if (!sites) return;
  require(!sites->empty());
  for (const auto& site : *sites) check(code, site);
}

void choose(Bytes body, elf::Machine machine) {
  const auto code = FunctionCode::decode(body, kEntry, machine);
  if (!code) return;
  std::uint64_t end = 0;
  for (const auto& one : code->instructions()) {
    require(one.offset >= end && one.length > 0);
    end = one.offset + one.length;
    require(end <= body.size());
    (void)format(body, kEntry, machine, one);
  }
  check(*code, code->start_site());
  check(*code, code->end_sites());
  check(*code, code->return_sites());
  check(*code, code->evacuation_done_site());
}

}  // namespace
}  // namespace gomapd::code

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto machine =
      data[0] % 2 == 0 ? gomapd::elf::Machine::kAmd64 : gomapd::elf::Machine::kArm64;
  gomapd::code::choose(std::as_bytes(std::span(data, size)).subspan(1), machine);
  return 0;
}
