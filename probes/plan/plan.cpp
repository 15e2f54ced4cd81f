// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "probes/go/runtime_version.h"
#include "probes/plan/sites.h"

namespace gomapd {
namespace {

using elf::Vaddr;
using go::Design;

// The releases whose facts were measured.
constexpr int kOldestMinor = 15;
constexpr int kNewestMinor = 27;

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

go::TypeLayout GoBinary::type_layout() const {
  return {.design = design.value_or(Design::kClassic),
          .varint_names = version.minor >= 17,
          .swiss_group_layout_27 = version.minor >= 27};
}

std::vector<ProbeSite> GoBinary::sites_for(Detail detail) const {
  std::vector<ProbeSite> chosen;
  std::ranges::copy_if(sites, std::back_inserter(chosen),
                       [=](const ProbeSite& site) { return site.detail <= detail; });
  return chosen;
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

  return find_sites(binary);
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
  GoBinary binary{*std::move(image), *std::move(pclntab), {}, {}, {}, {}, {}, {}};
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
