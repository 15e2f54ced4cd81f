// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/flamegraph.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "daemon/export/flamegraph_page.h"
#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

// All lengths are in the picture's own units: pixels at its natural size.
constexpr double kWidth = 1200;
constexpr double kMargin = 12;
constexpr double kRow = 19;
constexpr double kTop = 78;
constexpr double kBottom = 14;
// The script's too: see kScript.
constexpr double kLetter = 7.25;
constexpr double kTextMargin = 4;
// A box that nobody could see is left out: it bounds the picture, too.
constexpr double kNarrowest = 0.02;
// Colours for packages; the style sheet has as many.
constexpr std::size_t kColours = 10;

struct Node {
  std::uint64_t weight = 0;
  std::string colour;  // its class in the style sheet
  std::map<std::string, Node> callees = {};
};

// Text for XML: what escape() leaves has no control characters and is UTF-8,
// but U+FFFE and U+FFFF are no characters of XML 1.0.
std::string xml(std::string_view text) {
  std::string out;
  const auto harmless = escape(text);
  for (std::size_t i = 0; i < harmless.size(); ++i) {
    const auto three = std::string_view(harmless).substr(i, 3);
    switch (const char c = harmless[i]; c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        if (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf") {
          out += "\\ufffe";
          i += 2;
        } else {
          out += c;
        }
    }
  }
  return out;
}

// "github.com/a/b.(*T).f" → "github.com/a/b". Dots of the last path element are
// %2e in Go's names, and type arguments may hold slashes.
std::string_view package_of(std::string_view function) {
  const auto name = function.substr(0, function.find('['));
  const auto slash = name.rfind('/');
  const auto dot = name.find('.', slash == std::string_view::npos ? 0 : slash);
  return name.substr(0, dot);
}

// "b.(*T).f"
std::string_view short_name(std::string_view function) {
  const auto slash = function.substr(0, function.find('[')).rfind('/');
  return slash == std::string_view::npos ? function : function.substr(slash + 1);
}

// What every program stands on is grey, so that its own packages stand out.
std::string colour_of(std::string_view function) {
  constexpr std::array<std::string_view, 5> kGround{"runtime", "internal", "reflect", "sync",
                                                    "syscall"};
  const auto package = package_of(function);
  const auto first = package.substr(0, package.find('/'));
  if (function.starts_with('[') || std::ranges::find(kGround, first) != kGround.end()) return "s";
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : package) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return fmt::format("p{}", hash % kColours);
}

Node tree_of(const TraceReport& report, Weight weight) {
  Node root{.weight = 0, .colour = "a"};
  std::map<std::uint32_t, std::string> processes;
  for (const auto& one : report.summary.processes)
    processes[one.process.pid] = fmt::format("{} ({})", one.process.exe, one.process.pid);
  for (const auto& stack : report.summary.stacks) {
    const auto value = weight_of(stack, weight);
    if (value == 0) continue;
    auto* node = &root;
    const auto descend = [&](const std::string& name, const std::string& colour) {
      node->weight += value;
      node = &node->callees.try_emplace(name, Node{.weight = 0, .colour = colour}).first->second;
    };
    if (processes.size() > 1) descend(processes[stack.pid], "a");
    for (const auto& name : frame_names(*stack.stack)) descend(name, colour_of(name));
    descend(stack.type->name.value_or("map type not known"), "t");
    node->weight += value;
  }
  return root;
}

std::size_t depth_of(const Node& node) {
  std::size_t depth = 0;
  for (const auto& [name, callee] : node.callees) depth = std::max(depth, depth_of(callee));
  return depth + 1;
}

std::string amount(std::uint64_t value, Weight weight) {
  switch (weight) {
    case Weight::kGrowths:
      return fmt::format("{} growth{}", human_count(value), value == 1 ? "" : "s");
    case Weight::kBytes: return human_bytes(value);
    case Weight::kTime: return human_duration(value);
  }
  return {};
}

// As much of `name` as fits, as the script does it.
std::string fitting(std::string_view name, double width) {
  const auto letters = static_cast<std::size_t>(std::max(0.0, (width - 2 * kTextMargin) / kLetter));
  if (letters < 3) return {};
  return keep_start(name, letters);
}

// Neighbours are apart, as far as there is room.
double drawn_width(double width) {
  return std::max(width - 0.5, width / 2);
}

class Drawing {
 public:
  Drawing(Weight weight, std::uint64_t total, double height)
      : weight_(weight), total_(total), height_(height) {}

  void add(const std::string& name, const Node& node, double x, std::size_t level) {
    const auto width =
        static_cast<double>(node.weight) / static_cast<double>(total_) * (kWidth - 2 * kMargin);
    if (width < kNarrowest) {
      ++left_out_;
      return;
    }
    add_box(name, node, x, width, height_ - kBottom - kRow * static_cast<double>(level + 1));
    for (const auto& [callee_name, callee] : node.callees) {
      add(callee_name, callee, x, level + 1);
      x +=
          static_cast<double>(callee.weight) / static_cast<double>(total_) * (kWidth - 2 * kMargin);
    }
  }

  [[nodiscard]] const std::string& boxes() const { return boxes_; }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  void add_box(const std::string& name, const Node& node, double x, double width, double y) {
    const bool is_function = node.colour != "a" && node.colour != "t";
    const auto shown = escape(is_function ? short_name(name) : std::string_view(name));
    const auto share = 100 * static_cast<double>(node.weight) / static_cast<double>(total_);
    boxes_ += fmt::format(
        R"(<svg class="b {}" x="{:.3f}" y="{:.0f}" width="{:.3f}" height="{:.0f}")"
        R"( data-w="{:.3f}" data-n="{}"><title>{}: {}, {:.2f} %</title>)"
        R"(<rect width="100%" height="100%" rx="2"/><text x="{:.0f}" y="13">{}</text></svg>)"
        "\n",
        node.colour, x, y, drawn_width(width), kRow - 1, width, xml(shown), xml(name),
        amount(node.weight, weight_), share, kTextMargin, xml(fitting(shown, width)));
  }

  Weight weight_;
  std::uint64_t total_;
  double height_;
  std::string boxes_;
  std::uint64_t left_out_ = 0;
};

std::string_view question(Weight weight) {
  switch (weight) {
    case Weight::kGrowths: return "Growths of Go maps";
    case Weight::kBytes: return "Bytes allocated by growing Go maps";
    case Weight::kTime: return "Time between start and end of the growths of Go maps";
  }
  return {};
}

std::string processes_text(const TraceReport& report) {
  const auto& processes = report.summary.processes;
  if (processes.size() != 1) return fmt::format("{} processes", processes.size());
  const auto& one = processes.front().process;
  return fmt::format("{} (process {}, {})", one.exe, one.pid, one.go_version);
}

std::string notes_text(const TraceReport& report, std::uint64_t left_out) {
  std::string text;
  for (const auto& note : profile_notes(report)) text += note + ". ";
  if (left_out != 0) text += fmt::format("{} boxes are too narrow to be drawn.", left_out);
  return text;
}

}  // namespace

std::string flamegraph_svg(const TraceReport& report, Weight weight) {
  const auto root = tree_of(report, weight);
  const auto height = kTop + kBottom + kRow * static_cast<double>(depth_of(root));
  Drawing drawing(weight, std::max<std::uint64_t>(root.weight, 1), height);
  if (root.weight != 0) drawing.add("all: " + amount(root.weight, weight), root, kMargin, 0);
  const auto title = fmt::format("{}: {}", question(weight), processes_text(report));
  auto svg = fmt::format(
      R"(<?xml version="1.0" encoding="UTF-8"?>)"
      "\n"
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img">)"
      "\n<title>{2}</title>\n<style>{3}</style>\n"
      R"(<rect id="paper" width="100%" height="100%"/>)"
      "\n",
      kWidth, height, xml(title), kFlamegraphStyle);
  const auto line = [&](double y, std::string_view id, std::string_view text) {
    svg += fmt::format("<text id=\"{}\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", id, kMargin, y,
                       xml(keep_start(escape(text), 150)));
  };
  line(24, "title", title);
  line(43, "sum", root.weight == 0 ? "No map grew. " + headline(report) : headline(report));
  line(61, "notes", notes_text(report, drawing.left_out()));
  svg += fmt::format(R"(<text id="reset" class="button" x="{0:.0f}" y="61">Reset zoom</text>)"
                     R"(<text id="search" class="button" x="{1:.0f}" y="24">Search</text>)"
                     R"(<text id="found" x="{1:.0f}" y="43"> </text>)"
                     "\n",
                     kWidth - kMargin, kWidth - kMargin);
  svg += drawing.boxes();
  svg += fmt::format("<script><![CDATA[{}]]></script>\n</svg>\n", kFlamegraphScript);
  return svg;
}

}  // namespace gomapd::exporter
