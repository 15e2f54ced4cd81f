// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/cgroup.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "daemon/proc/process.h"
#include "daemon/proc/small_file.h"

namespace gomapd::proc {
namespace {

// NAME_MAX, and systemd's UNIT_NAME_MAX - 1 (src/basic/unit-name.h).
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kIdDigits = 64;
// Deeper than any runtime nests, and far below what PATH_MAX allows.
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxText = 64U << 10U;  // 13 hierarchies of PATH_MAX

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_decimal(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of the characters of a unit's name: systemd src/basic/unit-name.c, VALID_CHARS.
bool is_unit_text(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view(R"(@:-_.\)").contains(c);
  });
}

// The kinds of units that have processes of their own.
bool is_unit(std::string_view part) {
  constexpr std::array<std::string_view, 5> kKinds{".service", ".scope", ".socket", ".mount",
                                                   ".swap"};
  return is_unit_text(part) && std::ranges::any_of(kKinds, [part](std::string_view kind) {
           return part.size() > kind.size() && part.ends_with(kind);
         });
}

bool is_slice(std::string_view part) {
  return part.ends_with(".slice") && is_unit_text(part);
}

bool is_user_manager(std::string_view part) {
  constexpr std::string_view kBegin = "user@";
  constexpr std::string_view kEnd = ".service";
  return part.starts_with(kBegin) && part.ends_with(kEnd) &&
         is_decimal(part.substr(kBegin.size(), part.size() - kBegin.size() - kEnd.size()));
}

// systemd puts "_" before a name that would be a file of the kernel's, and before
// one that begins so (src/basic/cgroup-util.c: cg_escape, cg_unescape).
std::string_view without_escape(std::string_view part) {
  return part.starts_with('_') ? part.substr(1) : part;
}

// "\x2d" → "-", as systemd escapes what stands in a unit's name (systemd.unit(5)).
std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (!text.starts_with('\\')) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned value = 0;
    if (text.size() < 4 || text[1] != 'x') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 4, value, 16);
    if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
    plain += static_cast<char>(value);
    text.remove_prefix(4);
  }
  return plain;
}

// What LXC, LXD and systemd-machined take as a name, and nothing that a terminal
// or a label could stumble over.
std::optional<std::string> container_name(std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
        return is_alphanumeric(c) || std::string_view("-_.:@+").contains(c);
      });
  return plain ? std::optional<std::string>(name) : std::nullopt;
}

struct Part {
  std::string_view before;  // the part of the path one further out
  std::string_view text;
};

// "9b1e…" alone (cgroupfs: Docker, containerd, ECS, Kubernetes), "docker-9b1e….scope",
// "cri-containerd-….scope", "crio-….scope", "libpod-payload-…", and containerd
// under cgroupfs when it was told systemd's form: "SLICE:cri-containerd:9b1e…".
std::optional<std::string> container_by_digits(const Part& part) {
  auto text = part.text;
  if (text.ends_with(".scope")) text.remove_suffix(6);
  if (text.size() < kIdDigits) return std::nullopt;
  const auto id = text.substr(text.size() - kIdDigits);
  const auto prefix = text.substr(0, text.size() - kIdDigits);
  if (!is_hex(id) || prefix.ends_with("conmon-")) return std::nullopt;
  if (!prefix.empty() && !prefix.ends_with('-') && !prefix.ends_with(':')) return std::nullopt;
  return std::string(id);
}

// ecs/TASK/TASK-NUMBER: AWS Fargate from platform version 1.4 on.
std::optional<std::string> container_of_fargate(const Part& part) {
  constexpr std::size_t kTaskDigits = 32;
  const auto& text = part.text;
  if (text.size() <= kTaskDigits + 1 || part.before != text.substr(0, kTaskDigits) ||
      !is_hex(part.before) || text[kTaskDigits] != '-' ||
      !is_decimal(text.substr(kTaskDigits + 1)) || text.size() > kMaxName)
    return std::nullopt;
  return std::string(text);
}

// lxc/NAME, lxc.payload/NAME, lxc.payload.NAME; garden/GUID of Cloud Foundry.
std::optional<std::string> container_by_folder(const Part& part) {
  constexpr std::string_view kPayload = "lxc.payload.";
  if (part.text.starts_with(kPayload)) return container_name(part.text.substr(kPayload.size()));
  if (part.before == "lxc" || part.before == "lxc.payload" || part.before == "garden")
    return container_name(part.text);
  return std::nullopt;
}

// machine-NAME.scope, as systemd-machined registers containers, and
// systemd-nspawn@NAME.service. libvirt's virtual machines are machines too, but
// the process there is qemu, on the host.
std::optional<std::string> container_of_machined(const Part& part) {
  constexpr std::string_view kScope = "machine-";
  constexpr std::string_view kService = "systemd-nspawn@";
  auto text = part.text;
  std::string_view prefix;
  if (text.starts_with(kScope) && text.ends_with(".scope")) prefix = kScope;
  if (text.starts_with(kService) && text.ends_with(".service")) prefix = kService;
  if (prefix.empty() || !is_unit_text(text)) return std::nullopt;
  text = text.substr(prefix.size(), text.rfind('.') - prefix.size());
  if (prefix == kScope && text.starts_with("qemu\\x2d")) return std::nullopt;
  const auto name = unescaped(text);
  return name ? container_name(*name) : std::nullopt;
}

std::optional<std::string> container(const Part& part) {
  for (const auto rule :
       {container_by_digits, container_of_fargate, container_by_folder, container_of_machined})
    if (auto id = rule(part)) return id;
  return std::nullopt;
}

// Between a container and what its own systemd makes: nspawn, crun, Proxmox.
bool is_payload(std::string_view part) {
  return part == "payload" || part == "container" || part == "ns";
}

// Goes inwards through one path, part by part.
class Walk {
 public:
  void enter(const Part& part) {
    const auto name = without_escape(part.text);
    if (part.text == "supervisor" && part.before.starts_with("systemd-nspawn@")) {
      found_.container_id.clear();  // nspawn itself
      return;
    }
    if (auto id = container(part)) {
      found_.container_id = *std::move(id);
      if (is_unit(name) && name.ends_with(".service")) found_.unit = name;
      looking_ = true;
      return;
    }
    // "..": outside our cgroup namespace (cgroup_namespaces(7)).
    if (!looking_ || is_slice(name) || is_payload(name) || name == "..") return;
    if (is_unit(name)) found_.unit = name;
    looking_ = is_user_manager(name);
  }
  [[nodiscard]] CgroupIdentity found() && { return std::move(found_); }

 private:
  CgroupIdentity found_;
  bool looking_ = true;  // for a unit that systemd made
};

CgroupIdentity identity_of_path(std::string_view path) {
  // linux kernel/cgroup/cgroup.c: proc_cgroup_show
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  Walk walk;
  std::string_view before;
  for (std::size_t depth = 0; !path.empty() && depth < kMaxDepth;) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty()) continue;
    if (part.size() <= kMaxName) walk.enter({before, part});
    before = part;
    ++depth;
  }
  return std::move(walk).found();
}

struct Line {
  std::string_view controllers;
  std::string_view path;
};

// "4:memory:/path", "1:name=systemd:/path", "0::/path"; the path may hold colons.
std::optional<Line> parse_line(std::string_view line) {
  const auto first = line.find(':');
  if (first == std::string_view::npos || !is_decimal(line.substr(0, first))) return std::nullopt;
  line.remove_prefix(first + 1);
  const auto second = line.find(':');
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with('/'))
    return std::nullopt;
  return Line{line.substr(0, second), line.substr(second + 1)};
}

Result<std::string> read_cgroup(pid_t pid) {
  auto text = read_small_file(fmt::format("/proc/{}/cgroup", pid), kMaxText);
  if (text || text.error().code != Errc::kNotFound) return text;
  return fail(Errc::kGone, fmt::format("process {} has gone", pid));
}

}  // namespace

// systemd's own hierarchy knows best: "name=systemd" in v1 and in the hybrid
// layout, where v2 is mounted beside it and may tell of the runtime's own unit
// only; else v2. A container that neither tells of may show in a v1 controller.
CgroupIdentity cgroup_identity(std::string_view text) {
  text = text.substr(0, kMaxText);
  std::optional<CgroupIdentity> systemd;
  std::optional<CgroupIdentity> unified;
  std::string elsewhere;
  while (!text.empty()) {
    const auto row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), row.size() + 1));
    const auto line = parse_line(row);
    if (!line) continue;
    auto found = identity_of_path(line->path);
    if (line->controllers == "name=systemd")
      systemd = std::move(found);
    else if (line->controllers.empty())
      unified = std::move(found);
    else if (elsewhere.empty())
      elsewhere = std::move(found.container_id);
  }
  CgroupIdentity best = systemd.value_or(unified.value_or(CgroupIdentity{}));
  if (best.container_id.empty() && unified) best.container_id = std::move(unified->container_id);
  if (best.container_id.empty()) best.container_id = std::move(elsewhere);
  return best;
}

Result<CgroupIdentity> cgroup_identity_of(pid_t pid) {
  return cgroup_identity(TRY(read_cgroup(pid)));
}

Result<model::Identity> identity_of(pid_t pid) {
  const auto exe = TRY(executable_path(pid));
  auto [unit, container_id] = TRY(cgroup_identity_of(pid));
  return model::Identity{exe.substr(exe.rfind('/') + 1), std::move(unit), std::move(container_id)};
}

}  // namespace gomapd::proc
