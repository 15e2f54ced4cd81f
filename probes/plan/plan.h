// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/interface.h"
#include "probes/elf/image.h"
#include "probes/go/build_info.h"
#include "probes/go/pclntab.h"
#include "probes/go/types.h"
#include "probes/plan/catalogue.h"

namespace gomapd {

// The machine that we are built for, and with us the BPF programs: whose registers they
// read (bpf/registers.bpf.h).
#ifdef __aarch64__
inline constexpr auto kOwnMachine = elf::Machine::kArm64;
#else
inline constexpr auto kOwnMachine = elf::Machine::kAmd64;
#endif

// An instruction to put a probe on.
struct ProbeSite {
  std::string function;  // in which it lies
  std::string inlined;   // the growth function of whose inlined copy it is part
  Role role = Role::kGrowthStart;
  Detail detail = Detail::kGrowth;  // the level that probes it
  elf::Vaddr entry = 0;             // of that function
  elf::Vaddr address = 0;
  elf::FileOffset file_offset = 0;
  std::string instruction;  // "push rbp"
  bool emulated = false;    // by the kernel; else it is single-stepped
  gm_site kernel{};         // what the BPF program needs to know (binary: 0)
};

// All that is known of a Go binary, and where to probe it. Values only: it can leave
// the process that read the file.
struct Plan {
  elf::Machine machine = elf::Machine::kOther;
  bool is_pie = false;
  bool has_symbol_table = false;
  bool has_dwarf = false;
  std::string build_id;  // as elf::Image has it
  std::uint32_t function_count = 0;
  go::Moduledata moduledata;
  struct Text {  // the segment with the Go code; all 0 where there is none
    elf::Vaddr address = 0;
    std::uint64_t size = 0;
    elf::FileOffset file_offset = 0;
  } text;
  go::BuildInfo build_info;  // version empty: the binary has none
  go::Version version;       // whose facts and rules hold for it
  // It was built by a release after the newest known, which `version` is then:
  // all its facts show in the binary itself.
  bool version_assumed = false;
  std::optional<go::Design> design;
  std::vector<ProbeSite> sites;  // empty when there is a refusal
  // Why no exact sites could be chosen; empty when they could.
  std::string refusal;
  // Why only its growths can be traced; empty when moved buckets can, too.
  std::string buckets_refusal;
  // The same for map assignments.
  std::string assign_refusal;

  // Why it can't be traced on a machine `host`: the refusal, or that it is for another
  // one, or too old for its own, and can only be inspected. Empty when it can.
  [[nodiscard]] std::string trace_refusal(elf::Machine host = kOwnMachine) const;
  // The sites that are probed all the time at `detail`, growths included.
  [[nodiscard]] std::vector<ProbeSite> sites_for(Detail detail) const;
  // Those that are probed in windows.
  [[nodiscard]] std::vector<ProbeSite> assign_sites() const;

  [[nodiscard]] go::TypeLayout type_layout() const;
};

// A plan with the file that it was made from. Borrows the file's bytes.
struct GoBinary : Plan {
  elf::Image image;
  go::Pclntab pclntab;

  // The bytes at file address `address`, as go::ReadMemory wants them.
  [[nodiscard]] bool read_file(elf::Vaddr address, std::span<std::byte> out,
                               go::Content content) const;
  // The map type at file address `address`, from the file alone.
  [[nodiscard]] Result<go::GoMapType> map_type(elf::Vaddr address) const;
};

// The bytes of `image` at file address `address`, as go::ReadMemory wants them.
[[nodiscard]] bool read_image(const elf::Image& image, elf::Vaddr address, std::span<std::byte> out,
                              go::Content content);

// Facts and probe sites of the ELF file `file`. kMalformed: no ELF file, or a
// damaged one; kNotGo: no Go program.
[[nodiscard]] Result<GoBinary> analyse(Bytes file, GiveBack give_back = nullptr);

// "go1.27": whose rules hold for a binary of an unknown release.
[[nodiscard]] std::string rules_name(go::Version version);

// "classic" or "swiss".
[[nodiscard]] std::string_view to_string(go::Design design);

}  // namespace gomapd
