// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/advice_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

using model::Verdict;

constexpr double kNsPerHour = 3600e9;
constexpr std::size_t kMaxMilestones = 8;

std::string count_text(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", human_count(count), one, count == 1 ? "" : "s");
}

std::string percent_text(double percentile) {
  return fmt::format("{:g} %", percentile);
}

std::string make_text(const model::SiteSizes& site, std::uint64_t hint) {
  return fmt::format("make({}, {})", site.type ? escape(*site.type) : "map[K]V", hint);
}

std::string place_text(const model::SiteSizes& site) {
  if (site.file.empty()) return "at a place that is not known";
  return fmt::format("at {}:{} in {}", escape(site.file), site.line, escape(site.function));
}

std::string most_text(const model::KeyRange& range) {
  return (range.estimated ? "about " : "") + human_count(range.high);
}

std::string sizes_text(const model::SiteAdvice& one) {
  const auto maps = count_text(one.site.go_maps, "map");
  if (one.p50.high == one.max.high)
    return fmt::format("{} of {}{} to {} keys", maps, one.max.estimated ? "about " : "",
                       human_count(one.max.low), human_count(one.max.high));
  return fmt::format("{}: half of up to {} keys, 90 % up to {}, 99 % up to {}, all up to {}", maps,
                     most_text(one.p50), most_text(one.p90), most_text(one.p99),
                     most_text(one.max));
}

// 1.2 but 4.
std::string average_text(std::uint64_t sum, std::uint64_t count) {
  const auto average =
      static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(count, 1));
  return fmt::format("{:g}", std::round(average * 10) / 10);
}

std::uint64_t rounded(double value) {
  return static_cast<std::uint64_t>(std::llround(std::min(value, 9e18)));
}

// Times of classic maps are no time lost: the program works between the moves.
std::string time_text(const model::SiteSizes& site, std::uint64_t ns) {
  const bool classic = site.capacity.design == go::Design::kClassic;
  return (classic ? "at most " : "") + human_duration(ns);
}

std::string saves_text(const model::SiteAdvice& one) {
  const auto& [site, saving] = std::tie(one.site, one.asked);
  const auto maps = std::max<std::uint64_t>(site.go_maps, 1);
  const auto growths = average_text(saving.growths, maps);
  return fmt::format("{} growth{}, {} thrown away, {}", growths, growths == "1" ? "" : "s",
                     human_bytes(saving.bytes / maps), time_text(site, saving.time_ns / maps));
}

std::string hour_text(const model::Advice& advice, const model::SiteAdvice& one) {
  const auto& saving = one.asked;
  return fmt::format("{} growths, {} thrown away, {}",
                     human_count(rounded(per_hour(advice, saving.growths))),
                     human_bytes(rounded(per_hour(advice, saving.bytes))),
                     time_text(one.site, rounded(per_hour(advice, saving.time_ns))));
}

std::string costs_text(const model::Saving& saving) {
  if (saving.wasted_bytes == 0) return "nothing for these maps";
  return fmt::format("{} in all for {} that stayed smaller", human_bytes(saving.wasted_bytes),
                     saving.smaller_maps == 0 ? "those" : count_text(saving.smaller_maps, "map"));
}

// Of maps that are not seen: how many of them would take back what is gained.
std::string unseen_text(const model::Saving& saving) {
  const auto enough = static_cast<std::uint64_t>(saving.net_bytes()) / saving.bytes_per_unseen;
  return fmt::format(
      "pays only while {} of up to 8 keys, which {} not seen, {} made there too: "
      "each would take {} more",
      enough == 0 ? "no map" : "no more than " + count_text(enough, "map"),
      enough <= 1 ? "is" : "are", enough <= 1 ? "is" : "are", human_bytes(saving.bytes_per_unseen));
}

std::string better_text(const model::Saving& better) {
  return fmt::format("a hint of {} would save {} and waste {}", human_count(better.hint),
                     human_bytes(better.bytes), human_bytes(better.wasted_bytes));
}

std::string hint_text(const model::Advice& advice, const model::SiteAdvice& one,
                      std::size_t number) {
  auto text = fmt::format("{:>2}. {}\n", number, make_text(one.site, one.asked.hint));
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("    {:<9}{}\n", name, value);
  };
  line("where", "the map assigned " + place_text(one.site));
  line("sizes", sizes_text(one));
  line("a map", "saves " + saves_text(one));
  if (has_rate(advice, one.site)) line("an hour", "saves " + hour_text(advice, one));
  line("costs", costs_text(one.asked));
  if (one.asked.bytes_per_unseen != 0 && one.asked.net_bytes() > 0)
    line("but", unseen_text(one.asked));
  if (one.asked.same.low < one.asked.same.high)
    line("or", fmt::format("any hint from {} to {}, which makes the same map",
                           human_count(one.asked.same.low), human_count(one.asked.same.high)));
  if (one.better) line("leaner", better_text(*one.better));
  if (one.too_large)
    line("note",
         fmt::format("a hint for {} of the maps, {}, would save {} and waste {}",
                     percent_text(advice.percentile), human_count(one.too_large->hint),
                     human_bytes(one.too_large->bytes), human_bytes(one.too_large->wasted_bytes)));
  if (one.site.not_from_the_start != 0)
    line("note", fmt::format("{} had grown before, or been made with a smaller hint",
                             count_text(one.site.not_from_the_start, "map")));
  return text + "\n";
}

std::string no_hint_text(const model::SiteAdvice& one) {
  return fmt::format("  {} {}\n    {}, {}: {}\n",
                     one.site.type ? escape(*one.site.type) : "map of a type that is not known",
                     place_text(one.site), count_text(one.site.growths, "growth"),
                     count_text(one.site.go_maps, "map"), reason_text(one));
}

std::string others_text(const model::Advice& advice) {
  std::string text;
  std::size_t few = 0;
  for (const auto& one : advice.sites) {
    if (one.verdict == Verdict::kFewGrowths) ++few;
    if (one.verdict == Verdict::kFewGrowths || one.verdict == Verdict::kHint) continue;
    if (text.empty()) text = "No hint helps here:\n";
    text += no_hint_text(one);
  }
  if (!text.empty()) text += "\n";
  if (few != 0)
    text += fmt::format(
        "{} grew too little to be worth a change (fewer than {} growths, and less "
        "than {} thrown away).\n\n",
        count_text(few, few == advice.sites.size() ? "site" : "more site"), model::kFewGrowths,
        human_bytes(model::kFewBytes));
  return text;
}

std::string seconds_text(const model::Advice& advice, std::uint64_t monotonic_ns) {
  return fmt::format(
      "{:.1f} s",
      static_cast<double>(monotonic_ns - std::min(monotonic_ns, advice.began_ns)) / 1e9);
}

std::string suspect_text(const model::Advice& advice, const model::LeakSuspect& suspect) {
  const auto& [site, track, rate] = suspect;
  auto text = fmt::format(
      "  {} {}\n    the largest of {} (process {}, {:#x}) had {} keys after {} and {} after "
      "{}: {} growths, {:.0f} keys a second; none of the maps was given up\n",
      site.type ? escape(*site.type) : "map of a type that is not known", place_text(site),
      count_text(site.go_maps, "map"), track.pid, track.address, human_count(track.first.keys),
      seconds_text(advice, track.first.monotonic_ns), human_count(track.last.keys),
      seconds_text(advice, track.last.monotonic_ns), track.growths, rate);
  if (track.milestones.empty()) return text;
  text += "    doubled:";
  const auto shown = std::min(track.milestones.size(), kMaxMilestones);
  for (auto one = track.milestones.end() - static_cast<std::ptrdiff_t>(shown);
       one != track.milestones.end(); ++one)
    text += fmt::format(" {} keys after {}{}", human_count(one->keys),
                        seconds_text(advice, one->monotonic_ns),
                        one + 1 == track.milestones.end() ? "\n" : ",");
  return text;
}

std::string notes_text(const model::Advice& advice) {
  std::string text;
  if (advice.lost_events != 0)
    text += fmt::format("note: {} growth records were lost and are not part of this advice\n",
                        human_count(advice.lost_events));
  if (advice.forgotten != 0)
    text += fmt::format(
        "note: too many maps at a time: {} were not followed to the end; one of these that grew "
        "again counts as another map\n",
        human_count(advice.forgotten));
  const bool classic = std::ranges::any_of(advice.sites, [](const model::SiteAdvice& one) {
    return one.verdict == Verdict::kHint && one.site.capacity.design == go::Design::kClassic;
  });
  if (classic)
    text +=
        "note: a classic map moves its buckets bit by bit, so its growth takes less work than "
        "the time between its start and end\n";
  return text;
}

}  // namespace

std::string reason_text(const model::SiteAdvice& one) {
  const auto& [site, saving] = std::tie(one.site, one.asked);
  switch (one.verdict) {
    case Verdict::kHint: return {};
    case Verdict::kFewGrowths: return "too few growths to be worth a change";
    case Verdict::kDeletesDominate:
      return fmt::format("{:.0f} % of the growths come from deletes, a hint does not prevent them",
                         100.0 * static_cast<double>(site.from_deletes) /
                             static_cast<double>(std::max<std::uint64_t>(site.growths, 1)));
    case Verdict::kKeepsGrowing: return "never stops growing, a hint would only move the cost";
    case Verdict::kSizesSpread: {
      auto text = fmt::format("sizes are too far apart: a hint of {} saves {} and wastes {}",
                              human_count(saving.hint), human_bytes(saving.bytes),
                              human_bytes(saving.wasted_bytes));
      if (one.better) text += "; " + better_text(*one.better);
      return text;
    }
    case Verdict::kNotYourCode:
      return "assigned by Go's own library" +
             (one.caller.empty() ? ", its make is likely to be there too"
                                 : ", its make may be there too; called by " + escape(one.caller));
  }
  return {};
}

bool has_rate(const model::Advice& advice, const model::SiteSizes& site) {
  // What happened once, in a moment, or at the beginning says nothing of an hour.
  return site.go_maps >= 2 && advice.duration_ns >= 1'000'000'000 &&
         site.newest_ns >= advice.began_ns + advice.duration_ns / 2;
}

double per_hour(const model::Advice& advice, std::uint64_t amount) {
  return static_cast<double>(amount) * kNsPerHour / static_cast<double>(advice.duration_ns);
}

std::string advice_text(const model::Advice& advice, std::size_t width) {
  auto text =
      fmt::format("{} of {} in {:.1f} s; hints are enough for {} of the maps of a place\n\n",
                  count_text(advice.growths, "growth"), count_text(advice.go_maps, "map"),
                  static_cast<double>(advice.duration_ns) / 1e9, percent_text(advice.percentile));
  if (advice.sites.empty()) return wrap(text + "No map grew.\n" + notes_text(advice), width);
  std::size_t number = 0;
  for (const auto& one : advice.sites)
    if (one.verdict == Verdict::kHint) text += hint_text(advice, one, ++number);
  if (number == 0) text += "No hint is worth writing.\n\n";
  text += others_text(advice);
  if (!advice.leak_suspects.empty()) {
    text += "Grows and grows: a leak, or a cache that is being filled?\n";
    for (const auto& suspect : advice.leak_suspects) text += suspect_text(advice, suspect);
    text += "\n";
  }
  text += notes_text(advice);
  while (text.ends_with("\n\n")) text.pop_back();
  return wrap(text, width);
}

}  // namespace gomapd::exporter
