// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "probes/base/text.h"

namespace gomapd::config {
namespace {

// Builds the tree from yaml-cpp's events. Its own tree would resolve aliases and
// take the last of two equal keys without a word. After the first problem it stands
// still.
class TreeBuilder final : public YAML::EventHandler {
 public:
  struct Problem {
    int line;
    std::string what;
  };

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) complain(mark, "a second document: remove it and the line ---");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (refuse_anchor(mark, anchor)) return;
    add(mark, {.kind = YamlKind::kNothing, .line = mark.line + 1});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    complain(mark, "an alias (*name): write the value itself");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (refuse_anchor(mark, anchor) || refuse_tag(mark, tag)) return;
    const bool quoted = tag == "!";
    const bool nothing = !quoted && (value.empty() || value == "~" || value == "null");
    add(mark, {.kind = nothing ? YamlKind::kNothing : YamlKind::kScalar,
               .line = mark.line + 1,
               .text = value,
               .quoted = quoted});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlKind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlKind::kTable);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }
  [[nodiscard]] YamlNode take() { return std::move(root_); }

 private:
  void complain(const YAML::Mark& mark, std::string_view what) {
    if (!problem_) problem_ = Problem{mark.line + 1, one_line(what)};
  }
  bool refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) complain(mark, "an anchor (&name): write the value where it is needed");
    return problem_.has_value();
  }
  // "?": none, plain; "!": none, quoted.
  bool refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      complain(mark, fmt::format("a tag ({}): remove it", tag));
    return problem_.has_value();
  }

  bool add_key(const YAML::Mark& mark, YamlNode& table, const YamlNode& node) {
    if (node.kind != YamlKind::kScalar) {
      complain(mark, "a key that is no word: write KEY: VALUE");
      return false;
    }
    const auto first = std::ranges::find(table.keys, node.text);
    if (first != table.keys.end()) {
      const auto index = static_cast<std::size_t>(first - table.keys.begin());
      complain(mark, fmt::format("\"{}\" for the second time, after line {}: remove one", node.text,
                                 table.key_lines[index]));
      return false;
    }
    table.keys.push_back(node.text);
    table.key_lines.push_back(node.line);
    return true;
  }

  // Nothing when a key, not a value, was expected, or after a problem.
  YamlNode* add(const YAML::Mark& mark, YamlNode node) {
    if (problem_) return nullptr;
    if (open_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    auto& parent = *open_.back();
    if (parent.kind == YamlKind::kTable && parent.keys.size() == parent.children.size()) {
      add_key(mark, parent, node);
      return nullptr;
    }
    // What is not there is marked where the next thing begins.
    if (parent.kind == YamlKind::kTable && node.kind == YamlKind::kNothing)
      node.line = parent.key_lines.back();
    // An open node is the last child of its parent, so none of its addresses move.
    return &parent.children.emplace_back(std::move(node));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind) {
    if (refuse_anchor(mark, anchor) || refuse_tag(mark, tag)) return;
    if (open_.size() >= kMaxYamlDepth) {
      complain(mark, "too many levels within each other");
      return;
    }
    auto* node = add(mark, {.kind = kind, .line = mark.line + 1});
    if (node != nullptr) open_.push_back(node);
  }
  void close() {
    if (!problem_) open_.pop_back();
  }

  YamlNode root_;
  std::vector<YamlNode*> open_;
  std::optional<Problem> problem_;
  int documents_ = 0;
};

}  // namespace

std::unexpected<Error> config_error(const std::string& name, int line, const std::string& what) {
  return fail(Errc::kUsage, fmt::format("{}:{}: {}", name, line, what));
}

Result<YamlNode> parse_yaml(std::string_view text, const std::string& name, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return config_error(name, 1, fmt::format("more than {} bytes: no configuration", max_bytes));
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    const auto line = 1 + std::ranges::count(text.substr(0, zero), '\n');
    return config_error(name, static_cast<int>(line), "a byte 0: this is no text");
  }
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!builder.problem() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (!builder.problem())
      return config_error(name, std::max(error.mark.line, 0) + 1,
                          fmt::format("no YAML: {}", one_line(error.msg)));
  }
  if (const auto& problem = builder.problem())
    return config_error(name, problem->line, problem->what);
  return builder.take();
}

}  // namespace gomapd::config
