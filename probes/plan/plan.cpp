// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "probes/code/architecture.h"
#include "probes/go/releases.h"
#include "probes/go/runtime_version.h"
#include "probes/plan/facts.h"
#include "probes/plan/foreign.h"
#include "probes/plan/sites.h"

namespace gomapd {
namespace {

using elf::Vaddr;
using go::Design;

std::optional<Design> find_design(const go::Pclntab& pclntab) {
  std::optional<Design> design;
  pclntab.for_each([&](const go::Function& function) {
    for (const auto candidate : {Design::kClassic, Design::kSwiss})
      if (is_telltale(candidate, function.name)) design = candidate;
  });
  return design;
}

}  // namespace

std::string_view to_string(Design design) {
  return design == Design::kClassic ? "classic" : "swiss";
}

std::string rules_name(go::Version version) {
  return fmt::format("go1.{}", version.minor);
}

go::TypeLayout Plan::type_layout() const {
  return {.design = design.value_or(Design::kClassic),
          .varint_names = version.minor >= 17,
          .swiss_group_layout_27 = version.minor >= 27};
}

std::string Plan::trace_refusal(elf::Machine host) const {
  if (!refusal.empty()) return refusal;
  if (machine != host) {
    const auto* architecture = code::architecture_of(machine);
    return fmt::format(
        "a program for another architecture, {}: it can be inspected here, and traced where it "
        "runs",
        architecture != nullptr ? architecture->name : "an unknown one");
  }
  if (machine != elf::Machine::kArm64 || version.minor >= go::kArm64FramesMinor) return {};
  return fmt::format(
      "built by {}: before Go 1.{} call stacks can't be told for sure on arm64, for frame "
      "pointers go wrong when a stack moves",
      build_info.version, go::kArm64FramesMinor);
}

std::vector<ProbeSite> Plan::sites_for(Detail detail) const {
  std::vector<ProbeSite> chosen;
  std::ranges::copy_if(sites, std::back_inserter(chosen), [=](const ProbeSite& site) {
    return site.detail == Detail::kGrowth ||
           (site.detail == detail && site.detail != Detail::kAssign);
  });
  return chosen;
}

std::vector<ProbeSite> Plan::assign_sites() const {
  std::vector<ProbeSite> chosen;
  std::ranges::copy_if(sites, std::back_inserter(chosen),
                       [](const ProbeSite& site) { return site.detail == Detail::kAssign; });
  return chosen;
}

bool read_image(const elf::Image& image, Vaddr address, std::span<std::byte> out,
                go::Content content) {
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

bool GoBinary::read_file(Vaddr address, std::span<std::byte> out, go::Content content) const {
  return read_image(image, address, out, content);
}

Result<go::GoMapType> GoBinary::map_type(Vaddr address) const {
  const auto read = [this](Vaddr at, std::span<std::byte> out, go::Content content) {
    return read_file(at, out, content);
  };
  return go::read_map_type(read, pclntab.moduledata(), type_layout(), address);
}

namespace {

// A release that was measured, or one after those.
Result<void> plan_by_version(GoBinary& binary, go::Version version) {
  const bool is_known = version.minor <= go::kNewestMinor;
  binary.version = is_known ? version : go::Version{go::kNewestMinor, 0};
  if (!binary.design)
    return fail(Errc::kUnsupported, "the runtime's map functions are not in the binary");
  const auto facts =
      check_facts(binary, is_known ? Proof::kNothingContradicts : Proof::kEverythingShows);
  const auto planned = facts ? find_sites(binary) : facts;
  binary.version_assumed = !is_known && planned;
  if (planned || is_known) return planned;
  return add_context(
      fmt::format("built by {}, newer than the newest known, Go 1.{}, and not like it",
                  binary.build_info.version, go::kNewestMinor),
      planned.error());
}

// Fills version, design and sites, or says why the binary can't be traced.
Result<void> plan_sites(GoBinary& binary) {
  if (binary.image.machine() == elf::Machine::kOther)
    return fail(Errc::kUnsupported, "a Go program for another machine than amd64 and arm64");
  if (binary.build_info.version.empty())
    return fail(Errc::kUnsupported,
                "neither build information nor its own data tell which Go built it");
  const auto version = go::parse_version(binary.build_info.version);
  if (!version)
    return fail(Errc::kUnsupported, fmt::format("built by {}, which names no release of Go",
                                                binary.build_info.version));
  if (version->minor < go::kOldestMinor)
    return fail(Errc::kUnsupported,
                fmt::format("built by {}; what can be traced is Go 1.{} and later",
                            binary.build_info.version, go::kOldestMinor));
  return plan_by_version(binary, *version);
}

std::unexpected<Error> not_go(const Error& error) {
  if (error.code == Errc::kMalformed)
    return fail(Errc::kMalformed, "not a Go program, or a damaged one (" + error.context + ")");
  return fail(error.code, "not a Go program (" + error.context + ")");
}

// Why there is no table of functions.
std::unexpected<Error> without_functions(const elf::Image& image, Bytes file, const Error& error) {
  if (is_packed_by_upx(file))
    return fail(Errc::kNotGo,
                "packed by UPX, so nothing of a Go program can be read or probed: unpack it with "
                "`upx -d`, and trace the unpacked program");
  const auto build_info = go::read_build_info(image);
  const auto version =
      build_info ? go::parse_version(build_info->version) : std::optional<go::Version>();
  if (!version || version->minor <= go::kNewestMinor) return not_go(error);
  return fail(Errc::kUnsupported,
              fmt::format("built by {}, newer than the newest known, Go 1.{}, and not like it: {}",
                          build_info->version, go::kNewestMinor, error.context));
}

Plan described(const elf::Image& image, const go::Pclntab& pclntab) {
  Plan plan;
  plan.machine = image.machine();
  plan.is_pie = image.is_pie();
  plan.has_symbol_table = image.has_symbol_table();
  plan.has_dwarf = image.has_dwarf();
  plan.build_id = image.build_id();
  plan.function_count = pclntab.function_count();
  plan.moduledata = pclntab.moduledata();
  if (const auto* text = image.segment_at(pclntab.text_start()))
    plan.text = {text->address, text->memory_size, text->file_offset};
  return plan;
}

}  // namespace

Result<GoBinary> analyse(Bytes file, GiveBack give_back) {
  TRY_VOID(refuse_foreign(file));
  auto image = elf::Image::parse(file, give_back);
  if (!image) return not_go(image.error());
  auto pclntab = go::Pclntab::find(*image);
  if (!pclntab) return without_functions(*image, file, pclntab.error());
  GoBinary binary{described(*image, *pclntab), *std::move(image), *std::move(pclntab)};
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
