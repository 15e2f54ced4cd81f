// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/instruction.h"

#include <fmt/format.h>

#include <algorithm>

#include "probes/code/architecture.h"

namespace gomapd::code {
namespace {

// Go's largest map function has under 4 KiB; a package initialiser can have
// some hundred. What is larger is no function that we would probe.
constexpr std::size_t kMaxBodyBytes = 1U << 20U;
constexpr std::size_t kMaxInstructions = 1U << 17U;

// Recursive descent from the entry, with a work list for a stack.
class Descent {
 public:
  Descent(const Architecture& architecture, Bytes body, elf::Vaddr entry,
          const NeverReturns& never_returns)
      : architecture_(&architecture),
        body_(body),
        entry_(entry),
        never_returns_(never_returns),
        bytes_(body.size(), Byte::kNew) {}

  Result<std::vector<Instruction>> run() {
    std::vector<Offset> pending = {0};
    while (!pending.empty()) {
      const Offset from = pending.back();
      pending.pop_back();
      TRY_VOID(follow(from, pending));
    }
    std::ranges::sort(found_, {}, &Instruction::offset);
    return std::move(found_);
  }

 private:
  enum class Byte : std::uint8_t { kNew, kStart, kInside };

  Result<void> follow(Offset offset, std::vector<Offset>& pending) {
    while (bytes_[offset] != Byte::kStart) {
      const auto instruction = TRY(take(offset));
      if (instruction.flow == Flow::kConditional && instruction.target)
        pending.push_back(*instruction.target);
      if (instruction.flow == Flow::kJump && instruction.target)
        pending.push_back(*instruction.target);
      if (!goes_on(instruction)) return {};
      offset = instruction.end();
      if (offset < body_.size()) continue;
      // A panic's call, or the nop after it that keeps its return address
      // inside the function, may be the last thing in a function.
      if (instruction.flow == Flow::kCall || instruction.is_nop) return {};
      return fail(
          Errc::kMalformed,
          fmt::format("function at {:#x}: control runs past its end, {:#x}", entry_, offset));
    }
    return {};
  }

  // Decodes the instruction at `offset` and claims its bytes.
  Result<Instruction> take(Offset offset) {
    const auto where = [&] { return fmt::format("function at {:#x}+{:#x}", entry_, offset); };
    if (bytes_[offset] == Byte::kInside)
      return fail(Errc::kMalformed, where() + ": a jump into the middle of an instruction");
    auto instruction = architecture_->decode(body_, entry_, offset);
    if (!instruction) return fail(Errc::kMalformed, where() + ": no instruction");
    for (Offset i = offset; i < instruction->end(); ++i) {
      if (bytes_[i] != Byte::kNew)
        return fail(Errc::kMalformed, where() + ": instructions overlap");
      bytes_[i] = i == offset ? Byte::kStart : Byte::kInside;
    }
    if (instruction->flow == Flow::kCall) {
      const auto distance = instruction->target_address - entry_;
      if (distance != 0 && distance < body_.size())
        return fail(Errc::kUnsupported, where() + ": calls into the function's own body");
      instruction->never_returns = never_returns_ && never_returns_(instruction->target_address);
    }
    if (found_.size() == kMaxInstructions)
      return fail(Errc::kMalformed, fmt::format("function at {:#x}: more than {} instructions",
                                                entry_, kMaxInstructions));
    found_.push_back(*instruction);
    return *std::move(instruction);
  }

  static bool goes_on(const Instruction& instruction) {
    switch (instruction.flow) {
      case Flow::kNext:
      case Flow::kConditional:
      case Flow::kIndirectCall: return true;
      case Flow::kCall: return !instruction.never_returns;
      default: return false;
    }
  }

  const Architecture* architecture_;
  Bytes body_;
  elf::Vaddr entry_;
  const NeverReturns& never_returns_;
  std::vector<Byte> bytes_;
  std::vector<Instruction> found_;
};

}  // namespace

const Architecture* architecture_of(elf::Machine machine) {
  switch (machine) {
    case elf::Machine::kAmd64: return &amd64();
    case elf::Machine::kArm64: return &arm64();
    case elf::Machine::kOther: break;
  }
  return nullptr;
}

Result<std::vector<Instruction>> decode_function(Bytes body, elf::Vaddr entry, elf::Machine machine,
                                                 const NeverReturns& never_returns) {
  const auto* architecture = architecture_of(machine);
  if (architecture == nullptr)
    return fail(Errc::kUnsupported,
                "instructions of this machine are not supported, only amd64 and arm64");
  if (body.empty())
    return fail(Errc::kMalformed, fmt::format("function at {:#x}: no bytes", entry));
  if (body.size() > kMaxBodyBytes)
    return fail(Errc::kMalformed, fmt::format("function at {:#x}: {} bytes, more than {}", entry,
                                              body.size(), kMaxBodyBytes));
  return Descent(*architecture, body, entry, never_returns).run();
}

std::string format(Bytes body, elf::Vaddr entry, elf::Machine machine,
                   const Instruction& instruction) {
  const auto* architecture = architecture_of(machine);
  if (architecture == nullptr || instruction.offset >= body.size()) return "?";
  auto text = architecture->format(body.subspan(instruction.offset), entry + instruction.offset);
  return text.empty() ? "?" : text;
}

}  // namespace gomapd::code
