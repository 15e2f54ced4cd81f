// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/export/api_json.h"
#include "daemon/export/profile.h"
#include "daemon/export/terminal.h"
#include "daemon/model/trace.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

enum class Kind : std::uint8_t { kRoot, kFunction, kMapType };

struct Node {
  Kind kind = Kind::kRoot;
  std::uint64_t growths = 0;
  std::uint64_t bytes = 0;
  std::uint64_t growing_ns = 0;
  // A function and a type may be called alike.
  std::map<std::pair<std::string, Kind>, Node> children = {};
};

void add(Node& node, const model::HostStack& stack) {
  node.growths += stack.growths;
  node.bytes += stack.bytes;
  node.growing_ns += stack.growing_ns;
}

bool fits(const model::HostStack& stack, const SiteFilter& filter) {
  if (filter.workload && *filter.workload != stack.workload) return false;
  if (filter.map_type && *filter.map_type != escape(stack.type->name.value_or(""))) return false;
  if (!filter.function && !filter.file && !filter.line) return true;
  static const symbol::Frame kNowhere;
  const auto* user = model::user_frame(*stack.stack);
  const auto& frame = user == nullptr ? kNowhere : *user;
  return (!filter.function || *filter.function == escape(frame.function)) &&
         (!filter.file || *filter.file == escape(frame.file)) &&
         (!filter.line || *filter.line == frame.line);
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kRoot: return "root";
    case Kind::kFunction: return "function";
    case Kind::kMapType: return "map_type";
  }
  return "";
}

// As deep as a stack that the kernel walked, with its inlined calls.
Json node_json(const std::string& name, const Node& node) {
  Json json{{"name", name},
            {"kind", name_of(node.kind)},
            {"growths", node.growths},
            {"bytes", node.bytes},
            {"growing_ns", node.growing_ns}};
  auto& children = json["children"] = Json::array();
  for (const auto& [key, child] : node.children) children.push_back(node_json(key.first, child));
  return json;
}

}  // namespace

std::string api_flamegraph(const model::HostState& state, const SiteFilter& filter) {
  Node root;
  for (const auto& stack : state.stacks) {
    if (!fits(stack, filter) || (stack.growths == 0 && stack.growing_ns == 0)) continue;
    auto* node = &root;
    add(root, stack);
    const auto descend = [&](std::string name, Kind kind) {
      node = &node->children.try_emplace({std::move(name), kind}, Node{.kind = kind}).first->second;
      add(*node, stack);
    };
    for (auto& name : frame_names(*stack.stack)) descend(std::move(name), Kind::kFunction);
    descend(escape(stack.type->name.value_or("map type not known")), Kind::kMapType);
  }
  const Json json{{"time_ns", state.time_ns}, {"root", node_json("all", root)}};
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gomapd::exporter
