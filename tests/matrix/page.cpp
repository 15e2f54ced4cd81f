// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/page.h"

#include <fmt/format.h>

#include <algorithm>

namespace gomapd::matrix {
namespace {

using live::Build;
using live::Json;

std::string with_commas(std::int64_t number) {
  auto text = std::to_string(number);
  for (auto at = std::ssize(text) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

// A reason in one line of a table or list, whatever is in it.
std::string plain(std::string text) {
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  std::string safe;
  for (const char c : text) safe += c == '|' ? "\\|" : std::string(1, c);
  return safe;
}

// Reasons, each told once below its table.
class Footnotes {
 public:
  std::string mark(const std::string& reason) {
    const auto known = std::ranges::find(reasons_, reason) - reasons_.begin();
    if (known == std::ssize(reasons_)) reasons_.push_back(reason);
    return fmt::format("<sup>{}</sup>", known + 1);
  }
  std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < reasons_.size(); ++i)
      text += fmt::format("{}{}. {}\n", i == 0 ? "\n" : "", i + 1, plain(reasons_[i]));
    return text;
  }

 private:
  std::vector<std::string> reasons_;
};

std::string cell_text(const Sum* sum, Footnotes& notes) {
  if (sum == nullptr) return "not run";
  if (sum->verdict == Verdict::kExact)
    return fmt::format("exact ×{}<br>{}", sum->runs, with_commas(sum->compared));
  const std::string verdict = to_string(sum->verdict);
  return (sum->verdict == Verdict::kWrong ? "**" + verdict + "**" : verdict) + notes.mark(sum->why);
}

std::string head_of(const Build& build) {
  return build.experiment.empty() ? build.version : build.version + "<br>" + build.experiment;
}

// Rows: ways to build. Columns: toolchains.
std::string table(const Results& results, Detail detail) {
  auto columns = live::plain_builds();
  if (detail == Detail::kBuckets)
    std::erase_if(columns, [](const Build& build) { return !live::has_classic_maps(build); });
  std::string head = "| |";
  std::string line = "| --- |";
  for (const auto& build : columns) {
    head += " " + head_of(build) + " |";
    line += " --- |";
  }
  std::string text = head + "\n" + line + "\n";
  Footnotes notes;
  for (const auto way : live::all_ways()) {
    text += fmt::format("| {} |", live::recipe(way).title);
    for (auto build : columns) {
      build.way = way;
      text += " " + cell_text(results.find({live::name_of(build), detail}), notes) + " |";
    }
    text += "\n";
  }
  return text + notes.text();
}

std::string yes_no(const Json& facts, const char* name) {
  return facts.value(name, false) ? "yes" : "no";
}

std::string program_row(const Inspected& program) {
  if (program.facts.is_null())
    return fmt::format("| {} | not available here: {} | | | | | |\n", program.name,
                       plain(program.missing));
  const auto& facts = program.facts;
  const auto& sites = facts.value("probe_sites", Json::array());
  const auto emulated =
      std::ranges::count_if(sites, [](const Json& site) { return site.value("emulated", false); });
  const auto version = facts.value("go_version", Json());
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} |\n", program.name,
      version.is_string() ? version.get<std::string>() : "not told",
      facts.value("impl", Json()).is_string() ? facts["impl"].get<std::string>() : "?",
      yes_no(facts, "stripped"), yes_no(facts, "pie"), sites.size(),
      emulated == std::ssize(sites) ? "all" : std::to_string(emulated));
}

}  // namespace

std::string page(const Results& results, const std::vector<Inspected>& programs,
                 const Circumstances& circumstances) {
  std::string text = fmt::format(
      R"(<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Copyright The gomapd Authors -->
<!-- Written by `make support`; do not edit. -->
# What is supported, and how that is known

Each table is the outcome of runs, not a plan. `make support` builds a Go program that counts
its own map growth ([tests/truth](../tests/truth/README.md)) with every toolchain in every way
below, runs it under `gomapd trace` again and again, and compares.

**exact**: in every run gomapd told what the program had counted, to the unit: growths started,
finished, still under way and begun before, by kind, reason, map type, function and line, and
with each of them every event line; gomapd's model of Go's maps ruled out none. `×20` is the
number of runs in a row, below it that of the growths (or moved buckets) so compared.
**refused**: gomapd traces none of it and says why. **not available**: it can't be built where
this page was made.

{}, on {}{}.

## Growths

)",
      circumstances.gomapd, circumstances.machine,
      circumstances.busy ? ", one of them kept busy by another process" : "");
  text += table(results, Detail::kGrowth);
  text += R"(
## Moved buckets of classic maps, `--detail buckets`

Against a program that sees in its maps' headers which old buckets have moved, in maps that it
leaves half grown too. A Swiss table moves in one go.

)";
  text += table(results, Detail::kBuckets);
  text += R"(
## Programs of others

What `gomapd inspect` says of them. A probe site that the kernel emulates costs about a
microsecond a hit.

| program | Go | maps | stripped | PIE | probe sites | emulated |
| --- | --- | --- | --- | --- | --- | --- |
)";
  for (const auto& program : programs) text += program_row(program);
  return text;
}

}  // namespace gomapd::matrix
