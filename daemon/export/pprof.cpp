// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/pprof.h"

#include <map>
#include <protozero/pbf_writer.hpp>
#include <tuple>
#include <unordered_map>

#include "daemon/export/gzip.h"
#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

using protozero::pbf_writer;

// Field numbers of perftools.profiles, proto/profile.proto.
namespace profile {
enum : protozero::pbf_tag_type {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13,
  kDefaultSampleType = 14,
};
}
namespace value_type {
enum : protozero::pbf_tag_type { kType = 1, kUnit = 2 };
}
namespace sample {
enum : protozero::pbf_tag_type { kLocationId = 1, kValue = 2, kLabel = 3 };
}
namespace label {
enum : protozero::pbf_tag_type { kKey = 1, kStr = 2 };
}
namespace mapping {
enum : protozero::pbf_tag_type {
  kId = 1,
  kMemoryStart = 2,
  kMemoryLimit = 3,
  kFileOffset = 4,
  kFilename = 5,
  kBuildId = 6,
  kHasFunctions = 7,
  kHasFilenames = 8,
  kHasLineNumbers = 9,
  kHasInlineFrames = 10,
};
}
namespace location {
enum : protozero::pbf_tag_type { kId = 1, kMappingId = 2, kAddress = 3, kLine = 4 };
}
namespace line {
enum : protozero::pbf_tag_type { kFunctionId = 1, kLine = 2 };
}
namespace function {
enum : protozero::pbf_tag_type { kId = 1, kName = 2, kSystemName = 3, kFilename = 4 };
}

// Numbers things from 1 in the order of their first use: pprof's 0 is "none".
template <typename Key>
class Ids {
 public:
  // The id, and whether it is new.
  std::pair<std::uint64_t, bool> of(const Key& key) {
    const auto [entry, is_new] = ids_.try_emplace(key, ids_.size() + 1);
    return {entry->second, is_new};
  }

 private:
  std::map<Key, std::uint64_t> ids_;
};

class Encoder {
 public:
  explicit Encoder(const TraceReport& report) : report_(report), out_(bytes_) {
    (void)text("");  // string 0
  }

  std::string encode(Weight shown) {
    for (const auto weight : kWeights) add_value_type(profile::kSampleType, weight);
    // The main binary is the first mapping.
    for (const auto& one : report_.summary.processes) (void)mapping_of(one.process);
    for (const auto& stack : report_.summary.stacks) add_sample(stack);
    out_.add_int64(profile::kTimeNanos, static_cast<std::int64_t>(report_.began_ns));
    out_.add_int64(profile::kDurationNanos, static_cast<std::int64_t>(report_.duration_ns));
    add_value_type(profile::kPeriodType, Weight::kGrowths);
    out_.add_int64(profile::kPeriod, 1);
    for (const auto& note : profile_notes(report_)) out_.add_int64(profile::kComment, text(note));
    out_.add_int64(profile::kDefaultSampleType, text(name_of(shown)));
    for (const auto& string : strings_) out_.add_string(profile::kStringTable, string);
    return std::move(bytes_);
  }

 private:
  using LineKey = std::pair<std::uint64_t, std::int32_t>;  // function's id, line
  struct Location {
    std::uint64_t mapping = 0;
    std::uint64_t address = 0;
    std::vector<LineKey> lines;
    friend auto operator<=>(const Location&, const Location&) = default;
  };

  std::int64_t text(std::string_view string) {
    const auto [entry, is_new] = string_ids_.try_emplace(std::string(string), strings_.size());
    if (is_new) strings_.emplace_back(string);
    return static_cast<std::int64_t>(entry->second);
  }

  void add_value_type(protozero::pbf_tag_type tag, Weight weight) {
    pbf_writer one(out_, tag);
    one.add_int64(value_type::kType, text(name_of(weight)));
    one.add_int64(value_type::kUnit, text(unit_of(weight)));
  }

  std::uint64_t mapping_of(const model::Process& process) {
    const auto [id, is_new] = mappings_.of(
        {process.exe, process.build_id, process.text_address, process.text_file_offset});
    mapping_by_pid_.emplace(process.pid, id);
    if (!is_new) return id;
    pbf_writer one(out_, profile::kMapping);
    one.add_uint64(mapping::kId, id);
    one.add_uint64(mapping::kMemoryStart, process.text_address);
    one.add_uint64(mapping::kMemoryLimit, process.text_address + process.text_size);
    one.add_uint64(mapping::kFileOffset, process.text_file_offset);
    one.add_int64(mapping::kFilename, text(escape(process.exe)));
    one.add_int64(mapping::kBuildId, text(escape(process.build_id)));
    for (const auto tag : {mapping::kHasFunctions, mapping::kHasFilenames, mapping::kHasLineNumbers,
                           mapping::kHasInlineFrames})
      one.add_bool(tag, true);
    return id;
  }

  std::uint64_t function_of(const std::string& name, const std::string& file) {
    const auto name_id = text(name);
    const auto file_id = text(file);
    const auto [id, is_new] = functions_.of({name_id, file_id});
    if (!is_new) return id;
    pbf_writer one(out_, profile::kFunction);
    one.add_uint64(function::kId, id);
    one.add_int64(function::kName, name_id);
    one.add_int64(function::kSystemName, name_id);
    one.add_int64(function::kFilename, file_id);
    return id;
  }

  std::uint64_t location_of(const Location& where) {
    const auto [id, is_new] = locations_.of(where);
    if (!is_new) return id;
    pbf_writer one(out_, profile::kLocation);
    one.add_uint64(location::kId, id);
    if (where.mapping != 0) one.add_uint64(location::kMappingId, where.mapping);
    one.add_uint64(location::kAddress, where.address);
    for (const auto& [function_id, number] : where.lines) {
      pbf_writer line_writer(one, location::kLine);
      line_writer.add_uint64(line::kFunctionId, function_id);
      line_writer.add_int64(line::kLine, number);
    }
    return id;
  }

  std::uint64_t unnamed(std::string_view name) {
    return location_of({0, 0, {{function_of(std::string(name), ""), 0}}});
  }

  // Innermost first, frames that were inlined into one in a location together.
  std::vector<std::uint64_t> locations_of(const model::Stack& stack, std::uint64_t mapping_id) {
    if (stack.empty()) return {unnamed(kUnknownFrame)};
    std::vector<std::uint64_t> ids;
    Location where;
    for (std::size_t i = 0; i < stack.size(); ++i) {
      const auto& frame = stack[i];
      where.mapping = frame.function.empty() ? 0 : mapping_id;
      where.address = frame.address;
      where.lines.emplace_back(function_of(frame_name(frame), escape(frame.file)), frame.line);
      const bool goes_on =
          frame.inlined && i + 1 < stack.size() && stack[i + 1].address == frame.address;
      if (goes_on) continue;
      ids.push_back(location_of(where));
      where.lines.clear();
    }
    if (model::is_truncated(stack)) ids.push_back(unnamed(kTruncatedFrame));
    return ids;
  }

  void add_sample(const model::StackSummary& stack) {
    const auto found = mapping_by_pid_.find(stack.pid);
    const auto ids = locations_of(*stack.stack, found == mapping_by_pid_.end() ? 0 : found->second);
    const std::array labels{
        std::pair{text("map_type"), text(escape(stack.type->name.value_or("unknown")))},
        std::pair{text("pid"), text(std::to_string(stack.pid))}};
    std::array<std::int64_t, kWeights.size()> values{};
    for (std::size_t i = 0; i < values.size(); ++i)
      values.at(i) = static_cast<std::int64_t>(weight_of(stack, kWeights.at(i)));
    pbf_writer one(out_, profile::kSample);
    one.add_packed_uint64(sample::kLocationId, ids.begin(), ids.end());
    one.add_packed_int64(sample::kValue, values.begin(), values.end());
    for (const auto& [key, value] : labels) {
      pbf_writer pair(one, sample::kLabel);
      pair.add_int64(label::kKey, key);
      pair.add_int64(label::kStr, value);
    }
  }

  const TraceReport& report_;
  std::string bytes_;
  pbf_writer out_;
  std::vector<std::string> strings_;
  std::unordered_map<std::string, std::size_t> string_ids_;
  std::unordered_map<std::uint32_t, std::uint64_t> mapping_by_pid_;
  Ids<std::tuple<std::string, std::string, std::uint64_t, std::uint64_t>> mappings_;
  Ids<std::pair<std::int64_t, std::int64_t>> functions_;
  Ids<Location> locations_;
};

}  // namespace

Result<std::string> pprof_profile(const TraceReport& report, Weight shown) {
  return gzip(Encoder(report).encode(shown));
}

}  // namespace gomapd::exporter
