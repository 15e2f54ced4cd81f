// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/snapshot.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::ordered_json;

// Maps that are listed for people; JSON has all.
constexpr std::size_t kMaxRows = 50;
constexpr std::string_view kHeading =
    "       KEYS       BYTES             SIZE   LOAD   OVERFLOW  TOMBSTONES  ";
constexpr std::size_t kTableColumns = kHeading.size() + 30;

std::string_view impl_of(const SnapshotRow& row) {
  return row.place.design == go::Design::kClassic ? "classic" : "swiss";
}

void add_classic(Json& json, const model::ClassicState& state) {
  json["b"] = state.b;
  json["tables"] = nullptr;
  json["overflow_buckets"] = state.overflow_buckets;
  json["tombstones"] = nullptr;
  json["evacuated_buckets"] = state.evacuated_buckets;
  json["old_buckets"] = state.old_buckets;
  json["same_size"] = state.is_same_size;
  json["overflow_chains"] = state.is_estimate ? Json(nullptr) : Json(state.overflow_chains);
  json["estimated"] = state.is_estimate;
  json["overflow_error"] = state.overflow_error;
}

void add_swiss(Json& json, const model::SwissState& state) {
  json["b"] = nullptr;
  json["tables"] = state.tables;
  json["overflow_buckets"] = nullptr;
  json["tombstones"] = state.contents ? Json(state.contents->tombstones) : Json(nullptr);
  json["evacuated_buckets"] = nullptr;
  json["slots"] = state.slots;
  json["directory"] = state.directory;
  json["local_depths"] = state.local_depths;
  const bool has_groups = state.contents && !state.contents->groups_by_keys.empty();
  json["groups_by_keys"] = has_groups ? Json(state.contents->groups_by_keys) : Json(nullptr);
}

Json row_json(const SnapshotRow& row) {
  Json json{{"map", fmt::format("{:#x}", row.place.address)},
            {"map_type", row.type ? Json(*row.type) : Json(nullptr)},
            {"impl", impl_of(row)},
            {"keys", row.state.keys},
            {"load_factor", row.state.load_factor},
            {"bytes", row.state.bytes}};
  if (row.place.design == go::Design::kClassic)
    add_classic(json, row.state.classic);
  else
    add_swiss(json, row.state.swiss);
  json["function"] = row.site ? Json(row.site->function) : Json(nullptr);
  json["file"] = row.site ? Json(row.site->file) : Json(nullptr);
  json["line"] = row.site ? Json(row.site->line) : Json(nullptr);
  json["seed"] = fmt::format("{:#x}", row.place.seed);
  json["retries"] = row.retries;
  json["seen_by"] = row.seen_by == SeenBy::kGrowth ? "growth" : "assignment";
  return json;
}

std::string size_text(const SnapshotRow& row) {
  if (row.place.design == go::Design::kClassic) return fmt::format("B {}", row.state.classic.b);
  const auto& swiss = row.state.swiss;
  if (swiss.tables == 0) return "small";
  return fmt::format("{} table{}", human_count(swiss.tables), swiss.tables == 1 ? "" : "s");
}

std::string overflow_text(const SnapshotRow& row) {
  if (row.place.design != go::Design::kClassic) return "-";
  return (row.state.classic.is_estimate ? "~" : "") +
         human_count(row.state.classic.overflow_buckets);
}

std::string tombstones_text(const SnapshotRow& row) {
  if (row.place.design == go::Design::kClassic) return "-";
  const auto& contents = row.state.swiss.contents;
  return contents ? human_count(contents->tombstones) : "busy";
}

// What is true of this map beyond the columns; empty for most.
std::string growing_text(const SnapshotRow& row) {
  const auto& classic = row.state.classic;
  if (classic.old_buckets == 0) return {};
  return fmt::format("growing{}: {}{} of {} buckets moved", classic.is_same_size ? " in place" : "",
                     classic.is_estimate ? "at least " : "", human_count(classic.evacuated_buckets),
                     human_count(classic.old_buckets));
}

// Function, place, type and state of growth: a line each.
std::vector<std::string> words_of(const SnapshotRow& row) {
  std::vector<std::string> lines;
  const bool has_site = row.site && !row.site->function.empty();
  lines.push_back(has_site ? escape(row.site->function) : "(not known)");
  if (row.seen_by == SeenBy::kAssignment) lines.back() += " (assigned)";
  if (has_site && !row.site->file.empty())
    lines.push_back(fmt::format("{}:{}", escape(row.site->file), row.site->line));
  lines.push_back(row.type ? escape(*row.type) : "(type not known)");
  if (auto growing = growing_text(row); !growing.empty()) lines.push_back(std::move(growing));
  return lines;
}

std::string row_text(const SnapshotRow& row, std::size_t width) {
  auto text = fmt::format("{:>11}  {:>10}  {:>15}  {:>5.2f}  {:>9}  {:>10}  ",
                          human_count(row.state.keys), human_bytes(row.state.bytes), size_text(row),
                          row.state.load_factor, overflow_text(row), tombstones_text(row));
  const auto limit = width == 0 ? 0 : width - kHeading.size();
  std::string indent;
  for (const auto& line : words_of(row)) {
    text += indent + keep_end(line, limit) + "\n";
    indent.assign(kHeading.size(), ' ');
  }
  return text;
}

// The same where there is no room for columns.
std::string narrow_row_text(const SnapshotRow& row) {
  auto text = fmt::format("  {} keys, {}, {}, load {:.2f}, overflow {}, tombstones {}\n",
                          human_count(row.state.keys), human_bytes(row.state.bytes), size_text(row),
                          row.state.load_factor, overflow_text(row), tombstones_text(row));
  for (const auto& line : words_of(row)) text += "    " + line + "\n";
  return text;
}

std::string notes_text(const SnapshotReport& report) {
  std::string text;
  const auto note = [&](std::uint64_t count, std::string_view what) {
    if (count != 0) text += fmt::format("note: {} {}\n", human_count(count), what);
  };
  note(report.gone, "maps that were seen are gone, or were emptied since");
  for (const auto& [reason, count] : report.torn)
    note(count, fmt::format("maps could not be read in one state: {}", reason));
  note(report.on_stack,
       "growths or assignments were of maps on a goroutine's stack, which moves: not read");
  note(report.not_read, "maps were not read: too many, or no time left");
  note(report.lost_events, "growth records did not fit the ring: their maps may be missing");
  return text;
}

}  // namespace

std::uint64_t SnapshotReport::torn_count() const {
  std::uint64_t count = 0;
  for (const auto& [reason, of_it] : torn) count += of_it;
  return count;
}

std::string snapshot_json(const SnapshotReport& report) {
  Json rows = Json::array();
  for (const auto& row : report.rows) rows.push_back(row_json(row));
  Json reasons = Json::object();
  for (const auto& [reason, count] : report.torn) reasons[std::string(reason)] = count;
  const Json json{{"pid", report.pid},
                  {"maps", std::move(rows)},
                  {"retries", report.retries},
                  {"gone", report.gone},
                  {"torn", report.torn_count()},
                  {"torn_reasons", std::move(reasons)},
                  {"on_stack", report.on_stack},
                  {"not_read", report.not_read},
                  {"lost_events", report.lost_events}};
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

std::string snapshot_text(const SnapshotReport& report, std::size_t width) {
  const auto shown = std::min(report.rows.size(), kMaxRows);
  const bool narrow = width != 0 && width < kTableColumns;
  auto text =
      fmt::format("{} map{} of process {}, {} retries\n", human_count(report.rows.size()),
                  report.rows.size() == 1 ? "" : "s", report.pid, human_count(report.retries));
  const bool assigned = std::ranges::any_of(
      report.rows, [](const SnapshotRow& row) { return row.seen_by == SeenBy::kAssignment; });
  if (shown != 0)
    text += fmt::format("\n{}WHERE IT GREW{}, AND ITS TYPE\n", narrow ? "" : kHeading,
                        assigned ? " OR WAS ASSIGNED" : "");
  for (std::size_t i = 0; i < shown; ++i)
    text += narrow ? narrow_row_text(report.rows[i]) : row_text(report.rows[i], width);
  if (shown < report.rows.size())
    text += fmt::format("… and {} smaller ones; --json lists all\n",
                        human_count(report.rows.size() - shown));
  if (const auto notes = notes_text(report); !notes.empty()) text += "\n" + notes;
  return wrap(text, width);
}

}  // namespace gomapd::exporter
