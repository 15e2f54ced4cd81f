// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "probes/code/site.h"
#include "probes/go/runtime_version.h"

namespace gomapd {
namespace {

using elf::Vaddr;
using go::Design;

// Offset of goid in runtime.g, measured on every release of the table: 160 in
// 1.23 and 1.24 (go1.23 runtime/runtime2.go put syscallbp before it, go1.25
// dropped gobuf.ret), 152 in all others from 1.15 to 1.27.
std::uint16_t goid_offset(go::Version version) {
  return version.minor == 23 || version.minor == 24 ? 160 : 152;
}

// Keys that two buckets hold before a classic table doubles. go1.21
// internal/abi/map.go computes the load factor in integers, (8*13/16)*2 = 12;
// all other releases use 13.
std::uint16_t keys_per_bucket_pair(go::Version version) { return version.minor == 21 ? 12 : 13; }

// The releases whose facts were measured.
constexpr int kOldestMinor = 15;
constexpr int kNewestMinor = 27;
constexpr int kRegisterAbiMinor = 17;

struct Wanted {
  const ProbePoint* point;
  std::optional<go::Function> function;
};

std::vector<Wanted> find_functions(const go::Pclntab& pclntab, Design design) {
  std::vector<Wanted> wanted;
  for (const auto& point : growth_probe_points())
    if (point.design == design) wanted.push_back({&point, std::nullopt});
  pclntab.for_each([&](const go::Function& function) {
    for (auto& one : wanted)
      if (function.name == one.point->function) one.function = function;
  });
  return wanted;
}

std::optional<Design> find_design(const go::Pclntab& pclntab) {
  std::optional<Design> design;
  pclntab.for_each([&](const go::Function& function) {
    for (const auto candidate : {Design::kClassic, Design::kSwiss})
      if (function.name == telltale_function(candidate)) design = candidate;
  });
  return design;
}

bool may_contain_growth(std::string_view function) {
  return function.starts_with("runtime.") || function.starts_with("internal/runtime/maps.") ||
         function.starts_with("reflect.");
}

// A profile-guided build inlines growth functions into hot callers while their
// symbols stay: a probe on the symbol alone would miss those growths.
Result<void> refuse_inlined_copies(const go::Pclntab& pclntab, std::span<const Wanted> wanted) {
  const auto is_wanted = [&](std::string_view name) {
    return std::ranges::any_of(wanted, [&](const Wanted& one) { return one.point->function == name; });
  };
  std::optional<go::InlinedRange> copy;
  pclntab.for_each([&](const go::Function& function) {
    if (copy || !may_contain_growth(function.name)) return;
    const auto ranges = pclntab.inlined_in(function, is_wanted);
    if (!ranges.empty()) copy = ranges.front();
  });
  if (!copy) return {};
  return fail(Errc::kUnsupported,
              fmt::format("{} was inlined into {} (a profile-guided build): probes on the function "
                          "alone would miss growths",
                          copy->callee, copy->caller.name));
}

Result<std::vector<code::Site>> choose_sites(const code::FunctionCode& function, Place place) {
  switch (place) {
    case Place::kStart:
      return std::vector{TRY(function.start_site())};
    case Place::kEvacuationDone:
      return std::vector{TRY(function.evacuation_done_site())};
    case Place::kEnd:
      break;
  }
  return function.end_sites();
}

// go1.15 to go1.25 runtime/map.go: advanceEvacuationMark(h, t, newbit) gets its
// type in rbx, and mostly leaves it there.
__u8 type_register(const GoBinary& binary, const ProbePoint& point, const code::FunctionCode& code,
                   const code::Site& site) {
  // go1.19 runtime/asm_amd64.s: gcWriteBarrier "does not clobber any general-
  // purpose registers"; since go1.21 gcWriteBarrier1 to 8, which return in r11.
  const auto preserves = [&](Vaddr target) {
    const auto function = binary.pclntab.function_at(target);
    return function && function->entry == target &&
           function->name.starts_with("runtime.gcWriteBarrier");
  };
  const bool is_kept = point.place == Place::kEvacuationDone &&
                       binary.version.minor >= kRegisterAbiMinor &&
                       code.keeps_from_entry(code::Register::kRbx, site.instruction, preserves);
  return is_kept ? static_cast<__u8>(code::Register::kRbx) : GM_NO_REGISTER;
}

gm_site kernel_site(const GoBinary& binary, const ProbePoint& point, const code::FunctionCode& code,
                    const code::Site& site, Vaddr address) {
  gm_site kernel{};
  kernel.address = address;
  kernel.role = static_cast<__u8>(point.program);
  kernel.rule = site.rule == code::HitRule::kAlways ? GM_RULE_ALWAYS : GM_RULE_UNLESS_BRANCH_TAKEN;
  kernel.frame_linked = site.frame_linked ? 1 : 0;
  kernel.stack_abi = binary.version.minor < kRegisterAbiMinor ? 1 : 0;
  kernel.hmap_at = {static_cast<__u32>(site.hmap), 0};
  kernel.type_at = {type_register(binary, point, code, site), 0};
  kernel.types = binary.pclntab.moduledata().types;
  kernel.etypes = binary.pclntab.moduledata().etypes;
  kernel.end_kind = static_cast<__u8>(point.ends);
  kernel.goid_offset = goid_offset(binary.version);
  kernel.load_factor = keys_per_bucket_pair(binary.version);
  kernel.tls_g_offset = -8;  // linux/amd64 executables: go1.15 cmd/link/internal/ld/sym.go
  return kernel;
}

Result<void> add_sites(GoBinary& binary, const Wanted& wanted) {
  const auto& point = *wanted.point;
  if (!wanted.function)
    return fail(Errc::kUnsupported, fmt::format("{} is not in the binary", point.function));
  const auto& function = *wanted.function;
  const auto body = TRY(binary.image.at(function.entry, function.end - function.entry));
  const auto decoded =
      TRY(code::FunctionCode::decode(body, function.entry, binary.image.machine()));
  for (const auto& site : TRY(choose_sites(decoded, point.place))) {
    const Vaddr address = function.entry + site.instruction.offset;
    const auto offset = binary.image.file_offset(address);
    if (!offset) return fail(Errc::kMalformed, fmt::format("{:#x} is not in the file", address));
    binary.sites.push_back({.function = std::string(function.name),
                            .role = point.role,
                            .address = address,
                            .file_offset = *offset,
                            .instruction = code::format(body, function.entry, site.instruction),
                            .emulated = site.instruction.emulated,
                            .kernel = kernel_site(binary, point, decoded, site, address)});
  }
  return {};
}

}  // namespace

std::string_view to_string(Design design) {
  return design == Design::kClassic ? "classic" : "swiss";
}

go::TypeLayout GoBinary::type_layout() const {
  return {.design = design.value_or(Design::kClassic),
          .varint_names = version.minor >= 17,
          .swiss_group_layout_27 = version.minor >= 27};
}

bool GoBinary::read_file(Vaddr address, std::span<std::byte> out, go::Content content) const {
  if (content == go::Content::kPointer) {
    // Where the linker left a pointer to be relocated, the file may hold 0.
    const auto pointer = image.pointer_at(address);
    if (pointer) std::memcpy(out.data(), &*pointer, std::min(out.size(), sizeof(*pointer)));
    return pointer.has_value();
  }
  const auto bytes = image.at(address, out.size());
  if (bytes) std::ranges::copy(*bytes, out.begin());
  return bytes.has_value();
}

Result<go::GoMapType> GoBinary::map_type(Vaddr address) const {
  const auto read = [this](Vaddr at, std::span<std::byte> out, go::Content content) {
    return read_file(at, out, content);
  };
  return go::read_map_type(read, pclntab.moduledata(), type_layout(), address);
}

namespace {

// Fills version, design and sites, or says why the binary can't be traced.
Result<void> plan_sites(GoBinary& binary) {
  if (binary.image.machine() != elf::Machine::kAmd64)
    return fail(Errc::kUnsupported, "a Go program for another machine than amd64");
  if (binary.build_info.version.empty())
    return fail(Errc::kUnsupported,
                "neither build information nor its own data tell which Go built it");
  const auto version = go::parse_version(binary.build_info.version);
  if (!version || version->minor < kOldestMinor || version->minor > kNewestMinor)
    return fail(Errc::kUnsupported,
                fmt::format("built by {}; what can be traced is Go 1.{} to 1.{}",
                            binary.build_info.version, kOldestMinor, kNewestMinor));
  binary.version = *version;
  if (!binary.design)
    return fail(Errc::kUnsupported, "the runtime's map functions are not in the binary");

  const auto wanted = find_functions(binary.pclntab, *binary.design);
  TRY_VOID(refuse_inlined_copies(binary.pclntab, wanted));
  for (const auto& one : wanted)
    if (auto added = add_sites(binary, one); !added)
      return add_context(std::string(one.point->function), std::move(added).error());
  return {};
}

std::unexpected<Error> not_go(const Error& error) {
  if (error.code == Errc::kMalformed)
    return fail(Errc::kMalformed, "not a Go program, or a damaged one (" + error.context + ")");
  return fail(error.code, "not a Go program (" + error.context + ")");
}

}  // namespace

Result<GoBinary> analyse(Bytes file) {
  if (file.size() >= 2 && file[0] == std::byte{'#'} && file[1] == std::byte{'!'})
    return fail(Errc::kNotGo, "a script, not a Go program: name the program that it starts");
  auto image = elf::Image::parse(file);
  if (!image) return not_go(image.error());
  auto pclntab = go::Pclntab::find(*image);
  if (!pclntab) return not_go(pclntab.error());
  GoBinary binary{*std::move(image), *std::move(pclntab), {}, {}, {}, {}, {}};
  if (auto build_info = go::read_build_info(binary.image))
    binary.build_info = *std::move(build_info);
  else if (build_info.error().code != Errc::kNotGo)
    return not_go(build_info.error());
  if (binary.build_info.version.empty())
    if (auto version = go::find_build_version(binary.image, binary.pclntab.layout()))
      binary.build_info.version = *std::move(version);
  binary.design = find_design(binary.pclntab);
  if (auto planned = plan_sites(binary); !planned) {
    binary.sites.clear();
    binary.refusal = std::move(planned).error().context;
  }
  return binary;
}

}  // namespace gomapd
