// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/judge.h"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "probes/code/architecture.h"
#include "probes/go/releases.h"

namespace gomapd::analyst {
namespace {

// Where the linker puts functions: at least so on all machines. go1.15 to go1.27
// src/cmd/link/internal/{amd64,arm64}/l.go: funcAlign
constexpr elf::Vaddr kFunctionAlignment = 16;
// As far as sites are looked for in a function: code/instruction.cpp.
constexpr std::uint64_t kMaxBodyBytes = 1U << 20U;
constexpr std::size_t kLongestInstruction = 15;

std::unexpected<Error> lie(std::string what) {
  return fail(Errc::kReaderFailed, "what its reader planned is not true of it: " + std::move(what));
}

template <typename T>
bool read_struct(const ReadAt& read, elf::FileOffset offset, T& out) {
  return read(offset, std::as_writable_bytes(std::span(&out, 1))) == sizeof(T);
}

elf::Machine machine_of(const Elf64_Ehdr& header) {
  switch (header.e_machine) {
    case EM_X86_64: return elf::Machine::kAmd64;
    case EM_AARCH64: return elf::Machine::kArm64;
    default: return elf::Machine::kOther;
  }
}

bool is_choice(unsigned value, unsigned count) {
  return value < count;
}

bool is_place(const gm_location& location) {
  return location.where < 32 || location.where == GM_LOCATION_STACK ||
         location.where == GM_NO_REGISTER;
}

bool is_in_range(const gm_site& site) {
  return is_choice(site.role, GM_ROLE_COUNT) &&
         is_choice(site.rule, GM_RULE_UNLESS_BRANCH_TAKEN + 1) && is_choice(site.frame_linked, 2) &&
         is_choice(site.stack_abi, 2) && is_choice(site.located, 2) &&
         is_choice(site.end_kind, GM_KIND_COUNT) && is_place(site.type_at) &&
         is_place(site.hmap_at) && site.types <= site.etypes;
}

// The code that holds all of [address, address + size).
const Code* code_at(std::span<const Code> all, elf::Vaddr address, std::uint64_t size) {
  const auto found = std::ranges::find_if(all, [&](const Code& code) {
    return address >= code.address && address - code.address < code.size &&
           size <= code.size - (address - code.address);
  });
  return found == all.end() ? nullptr : &*found;
}

Result<void> judge_site(const ProbeSite& site, const Headers& headers, const ReadAt& read) {
  const auto where = [&] { return fmt::format("a probe at {:#x} ", site.address); };
  if (!is_in_range(site.kernel) || site.kernel.address != site.address)
    return lie(where() + "means nothing");
  if (site.entry % kFunctionAlignment != 0 || site.address < site.entry ||
      site.address - site.entry >= kMaxBodyBytes)
    return lie(where() + "is in no function");
  const auto distance = site.address - site.entry;
  const auto* code = code_at(headers.code, site.entry, distance + 1);
  if (code == nullptr) return lie(where() + "is outside the executable segments");
  if (site.file_offset != code->file_offset + (site.address - code->address))
    return lie(where() + "has another offset in the file");

  std::vector<std::byte> body(distance + kLongestInstruction);
  body.resize(read(code->file_offset + (site.entry - code->address), body));
  const auto* architecture = code::architecture_of(headers.machine);
  code::Offset offset = 0;
  while (offset < distance) {
    const auto instruction = architecture->decode(body, site.entry, offset);
    if (!instruction) break;
    offset = instruction->end();
  }
  if (offset != distance) return lie(where() + "is inside an instruction");
  const auto instruction = architecture->decode(body, site.entry, offset);
  if (!instruction || !instruction->probeable || instruction->emulated != site.emulated ||
      code::format(body, site.entry, headers.machine, *instruction) != site.instruction)
    return lie(where() + "is on another instruction");
  return {};
}

}  // namespace

Headers read_headers(const ReadAt& read, std::uint64_t file_size) {
  constexpr std::size_t kMaxSegments = 256;
  Elf64_Ehdr header{};
  if (!read_struct(read, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMaxSegments)
    return {};
  Headers headers{.machine = machine_of(header), .code = {}};
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const auto offset = checked_add(header.e_phoff, i * sizeof(segment));
    if (!offset || !read_struct(read, *offset, segment)) return {};
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    if (segment.p_offset >= file_size || !checked_add(segment.p_vaddr, segment.p_filesz)) continue;
    headers.code.push_back({.address = segment.p_vaddr,
                            .file_offset = segment.p_offset,
                            .size = std::min(segment.p_filesz, file_size - segment.p_offset)});
  }
  return headers;
}

Result<void> judge(const Plan& plan, const Headers& headers, const ReadAt& read) {
  if (plan.sites.size() > GM_MAX_SITES) return lie("too many probes");
  if (plan.machine != headers.machine) return lie("it is for another machine");
  if (plan.sites.empty()) return {};
  if (code::architecture_of(headers.machine) == nullptr || !plan.design ||
      plan.version.minor < go::kOldestMinor || plan.version.minor > go::kNewestMinor)
    return lie("probes for no runtime that is known");
  std::set<std::pair<elf::FileOffset, int>> places;
  for (const auto& site : plan.sites) {
    if (!places.emplace(site.file_offset, site.kernel.role).second)
      return lie(fmt::format("two equal probes at {:#x}", site.address));
    TRY_VOID(judge_site(site, headers, read));
  }
  return {};
}

}  // namespace gomapd::analyst
