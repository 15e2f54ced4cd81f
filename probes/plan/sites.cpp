// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/sites.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "probes/code/site.h"
#include "probes/code/thread_local.h"
#include "probes/go/releases.h"

namespace gomapd {
namespace {

using elf::Vaddr;
using go::Design;

// From this release on, arguments are passed in registers.
int register_abi_minor(elf::Machine machine) {
  return machine == elf::Machine::kArm64 ? 18 : go::kRegisterAbiMinor;
}

// Of inlined calls in a whole binary: a compiler makes some ten. Each costs time
// that grows with the square of its function's size, and the file may be hostile.
constexpr std::size_t kMaxCopies = 64;

bool passes_in_registers(const GoBinary& binary) {
  return binary.version.minor >= register_abi_minor(binary.image.machine());
}

// Keys that two buckets hold before a classic table doubles. go1.21
// internal/abi/map.go computes the load factor in integers, (8*13/16)*2 = 12;
// all other releases use 13.
std::uint16_t keys_per_bucket_pair(go::Version version) {
  return version.minor == 21 ? 12 : 13;
}

// The calls of a probe point's function that were inlined into one function.
struct Copies {
  go::Function caller;
  std::vector<code::InlinedCode> calls;
};

struct Wanted {
  const ProbePoint* point;
  std::optional<go::Function> function;
  std::vector<Copies> copies;
};

Copies copies_of(std::string_view callee, const go::Function& caller,
                 std::span<const go::InlinedRange> ranges) {
  Copies copies{.caller = caller, .calls = {}};
  std::vector<std::int32_t> indexes;
  for (const auto& range : ranges) {
    if (range.callee != callee) continue;
    const auto known = std::ranges::find(indexes, range.tree_index) - indexes.begin();
    if (known == std::ssize(indexes)) {
      indexes.push_back(range.tree_index);
      copies.calls.emplace_back();
    }
    copies.calls[static_cast<std::size_t>(known)].ranges.push_back(
        {static_cast<code::Offset>(range.begin - caller.entry),
         static_cast<code::Offset>(range.end - caller.entry)});
  }
  return copies;
}

std::vector<Wanted> find_functions(const go::Pclntab& pclntab, Design design) {
  std::vector<Wanted> wanted;
  for (const auto& point : probe_points())
    if (point.design == design) wanted.push_back({&point, std::nullopt, {}});
  const auto is_wanted = [&](std::string_view name) {
    return std::ranges::any_of(wanted,
                               [&](const Wanted& one) { return one.point->function == name; });
  };
  pclntab.for_each([&](const go::Function& function) {
    const auto ranges = pclntab.inlined_in(function, is_wanted);
    for (auto& one : wanted) {
      if (function.name == one.point->function) one.function = function;
      auto copies = copies_of(one.point->function, function, ranges);
      if (!copies.calls.empty()) one.copies.push_back(std::move(copies));
    }
  });
  return wanted;
}

// A function's code, with what the code refers to.
class Body {
 public:
  static Result<Body> read(const GoBinary& binary, const go::Function& function) {
    Body body;
    body.binary_ = &binary;
    body.function_ = function;
    body.bytes_ = TRY(binary.image.at(function.entry, function.end - function.entry));
    body.code_ = TRY(code::FunctionCode::decode(
        body.bytes_, function.entry, binary.image.machine(),
        [&](Vaddr target) { return never_returns(body.name_at(target)); }));
    return body;
  }

  [[nodiscard]] const go::Function& function() const { return function_; }
  [[nodiscard]] const code::FunctionCode& code() const { return *code_; }

  // Since go1.21 gcWriteBarrier1 to 8.
  [[nodiscard]] code::Preserves preserves() const {
    return [this](Vaddr target) { return name_at(target).starts_with("runtime.gcWriteBarrier"); };
  }
  [[nodiscard]] std::string text(const code::Instruction& instruction) const {
    return code::format(bytes_, function_.entry, binary_->image.machine(), instruction);
  }

 private:
  [[nodiscard]] std::string_view name_at(Vaddr target) const {
    const auto function = binary_->pclntab.function_at(target);
    return function && function->entry == target ? function->name : std::string_view();
  }

  const GoBinary* binary_ = nullptr;
  go::Function function_;
  Bytes bytes_;
  std::optional<code::FunctionCode> code_;
};

gm_location kernel_location(const code::Location& location) {
  switch (location.kind) {
    case code::Location::Kind::kRegister: return {static_cast<__u32>(location.reg), 0};
    case code::Location::Kind::kStack: return {GM_LOCATION_STACK, location.displacement};
    case code::Location::Kind::kNowhere: break;
  }
  return {GM_NO_REGISTER, 0};
}

gm_site kernel_site(const GoBinary& binary, const ProbePoint& point, const code::Site& site,
                    Vaddr address) {
  gm_site kernel{};
  kernel.address = address;
  kernel.role = static_cast<__u8>(point.program);
  kernel.rule = site.rule == code::HitRule::kAlways ? GM_RULE_ALWAYS : GM_RULE_UNLESS_BRANCH_TAKEN;
  kernel.frame_linked = site.frame_linked ? 1 : 0;
  kernel.stack_abi = passes_in_registers(binary) ? 0 : 1;
  kernel.located = point.role == Role::kGrowthStart && site.hmap.is_known() ? 1 : 0;
  kernel.type_at = kernel_location(site.type);
  kernel.hmap_at = kernel_location(site.hmap);
  kernel.types = binary.pclntab.moduledata().types;
  kernel.etypes = binary.pclntab.moduledata().etypes;
  kernel.end_kind = static_cast<__u8>(point.ends);
  kernel.goid_offset = go::goid_offset(binary.version);
  kernel.load_factor = keys_per_bucket_pair(binary.version);
  return kernel;
}

Result<void> add_site(GoBinary& binary, const ProbePoint& point, const Body& body,
                      const code::Site& site) {
  const auto& function = body.function();
  const Vaddr address = function.entry + site.instruction.offset;
  const auto offset = binary.image.file_offset(address);
  if (!offset) return fail(Errc::kMalformed, fmt::format("{:#x} is not in the file", address));
  const bool is_copy = function.name != point.function;
  binary.sites.push_back({.function = std::string(function.name),
                          .inlined = std::string(is_copy ? point.function : std::string_view()),
                          .role = point.role,
                          .detail = point.detail,
                          .entry = function.entry,
                          .address = address,
                          .file_offset = *offset,
                          .instruction = body.text(site.instruction),
                          .emulated = site.instruction.emulated,
                          .kernel = kernel_site(binary, point, site, address)});
  return {};
}

// Where a function finds an argument when it is called: in the first words above
// the return address if not in a register. Nothing on amd64 in the latter case:
// there, the BPF program finds it by the frame pointer.
std::optional<code::Location> argument_at_entry(const GoBinary& binary, const Body& body,
                                                std::size_t index) {
  if (passes_in_registers(binary)) return body.code().argument(index);
  if (binary.image.machine() != elf::Machine::kArm64) return std::nullopt;
  return code::Location::on_stack(static_cast<std::int32_t>(8 * (index + 1)));
}

// go1.15 to go1.25 runtime/map.go: advanceEvacuationMark(h, t, newbit).
Result<std::vector<code::Site>> sites_in_function(const GoBinary& binary, const ProbePoint& point,
                                                  const Body& body) {
  switch (point.place) {
    case Place::kStart: {
      const auto site = TRY(body.code().start_site());
      if (site.frame_linked && !passes_in_registers(binary))
        return fail(Errc::kUnsupported, "its arguments on the stack can't be found");
      return std::vector{site};
    }
    case Place::kEvacuationDone: {
      auto site = TRY(body.code().evacuation_done_site());
      if (const auto type = argument_at_entry(binary, body, 1))
        site.type = body.code().find_argument(*type, site.instruction, body.preserves());
      return std::vector{site};
    }
    case Place::kReturn: return body.code().return_sites();
    case Place::kEnd: break;
  }
  return body.code().end_sites();
}

Result<std::vector<code::Site>> sites_in_copies(const GoBinary& binary, const ProbePoint& point,
                                                const Body& body, const Copies& copies) {
  const auto& code = body.code();
  std::vector<code::Site> sites;
  if (point.detail != Detail::kGrowth)
    return fail(Errc::kUnsupported, "no rule tells where such a copy starts");
  const bool is_classic = point.design == Design::kClassic;
  const bool has_arguments = passes_in_registers(binary) && takes_type_and_hmap(copies.caller.name);
  if (point.place == Place::kEvacuationDone) {
    sites = TRY(code.evacuation_done_sites(copies.calls));
    if (!has_arguments) return sites;
    for (auto& site : sites)
      site.type = code.find_argument(code.argument(0), site.instruction, body.preserves());
    return sites;
  }
  for (const auto& call : copies.calls) {
    if (point.place == Place::kStart && is_classic && has_arguments)
      sites.push_back(TRY(code.inlined_start_site(call, body.preserves())));
    else if (point.place == Place::kEnd && !is_classic && copies.caller.name == kRehash)
      sites.push_back(TRY(code.inlined_end_site(call)));
    else
      return fail(Errc::kUnsupported, "no rule tells where such a copy starts or ends");
  }
  return sites;
}

Result<void> add_sites(GoBinary& binary, const Wanted& wanted) {
  const auto& point = *wanted.point;
  if (!wanted.function && wanted.copies.empty() && point.detail == Detail::kGrowth)
    return fail(Errc::kUnsupported, "is not in the binary");
  if (wanted.function) {
    const auto body = TRY(Body::read(binary, *wanted.function));
    for (const auto& site : TRY(sites_in_function(binary, point, body)))
      TRY_VOID(add_site(binary, point, body, site));
  }
  for (const auto& copies : wanted.copies) {
    const auto body = TRY(Body::read(binary, copies.caller));
    const auto sites = sites_in_copies(binary, point, body, copies);
    if (!sites)
      return add_context(
          fmt::format("inlined into {} (a profile-guided build)", copies.caller.name),
          sites.error());
    for (const auto& site : *sites) TRY_VOID(add_site(binary, point, body, site));
  }
  return {};
}

// A table's growth starts in rehash, which runs either grow or split: itself,
// or as a copy with an end site. What was chosen must bear that out.
Result<void> check_rehash(const GoBinary& binary, std::span<const Wanted> wanted) {
  std::vector<Vaddr> callees;
  std::optional<go::Function> rehash;
  for (const auto& one : wanted) {
    if (!one.function) continue;
    if (one.point->function == kRehash)
      rehash = one.function;
    else if (one.point->ends == GM_KIND_TABLE_DOUBLE || one.point->ends == GM_KIND_SPLIT)
      callees.push_back(one.function->entry);
  }
  if (!rehash) return {};
  std::vector<code::Offset> ends;
  for (const auto& site : binary.sites)
    if (!site.inlined.empty() && site.function == kRehash)
      ends.push_back(static_cast<code::Offset>(site.address - rehash->entry));
  const auto body = TRY(Body::read(binary, *rehash));
  if (body.code().runs_one_of(ends, callees)) return {};
  return fail(Errc::kUnsupported,
              fmt::format("{} does not always run one of grow and split, once", kRehash));
}

// Why one of the levels beyond growth can't be had.
std::string& refusal_of(GoBinary& binary, Detail detail) {
  return detail == Detail::kAssign ? binary.assign_refusal : binary.buckets_refusal;
}

// Where the kernel finds g: all code of the binary loads it from one place.
Result<void> add_thread_local_g(GoBinary& binary, std::span<const Wanted> wanted) {
  const auto grows = std::ranges::find_if(wanted, [](const Wanted& one) {
    return one.point->role == Role::kGrowthStart && one.function.has_value();
  });
  if (grows == wanted.end()) return fail(Errc::kUnsupported, "no function that starts a growth");
  const auto& function = *grows->function;
  const auto body = TRY(binary.image.at(function.entry, function.end - function.entry));
  const auto offset = code::thread_local_g(body);
  if (!offset)
    return fail(
        Errc::kUnsupported,
        fmt::format("{} does not begin by loading g from thread-local storage", function.name));
  for (auto& site : binary.sites) site.kernel.tls_g_offset = *offset;
  return {};
}

}  // namespace

Result<void> find_sites(GoBinary& binary) {
  const auto wanted = find_functions(binary.pclntab, *binary.design);
  std::size_t inlined = 0;
  for (const auto& one : wanted)
    for (const auto& copies : one.copies) inlined += copies.calls.size();
  if (inlined > kMaxCopies)
    return fail(Errc::kUnsupported,
                fmt::format("growth functions were inlined in {} places, more than {}", inlined,
                            kMaxCopies));
  for (const auto& one : wanted) {
    const auto added = add_sites(binary, one);
    if (added) continue;
    if (one.point->detail == Detail::kGrowth)
      return add_context(std::string(one.point->function), added.error());
    refusal_of(binary, one.point->detail) =
        fmt::format("{}: {}", one.point->function, added.error().context);
  }
  if (binary.assign_refusal.empty() && binary.assign_sites().empty())
    binary.assign_refusal = "runtime.mapassign is not in the binary";
  for (const auto detail : {Detail::kBuckets, Detail::kAssign})
    if (!refusal_of(binary, detail).empty())
      std::erase_if(binary.sites, [=](const auto& site) { return site.detail == detail; });
  // arm64 keeps g in x28.
  if (binary.image.machine() == elf::Machine::kAmd64 &&
      binary.version.minor < go::kRegisterAbiMinor)
    TRY_VOID(add_thread_local_g(binary, wanted));
  return check_rehash(binary, wanted);
}

}  // namespace gomapd
