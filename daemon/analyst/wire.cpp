// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/wire.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace gomapd::analyst {
namespace {

constexpr std::uint8_t kAnswer = 0;
constexpr std::uint8_t kError = 1;

// Appends; the same `fields` function below serves both directions.
class Writer {
 public:
  static constexpr bool kReads = false;

  explicit Writer(Message& out) : out_(&out) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  void number(const T& value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    out_->insert(out_->end(), begin, begin + sizeof(value));
  }
  template <typename T>
  void choice(const T& value, T /*last*/) {
    number(static_cast<std::uint8_t>(value));
  }
  void text(const std::string& value) { raw(std::as_bytes(std::span(value)).first(cut(value))); }
  void raw(Bytes bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    out_->insert(out_->end(), bytes.begin(), bytes.end());
  }
  template <typename T, typename Field>
  void list(const std::vector<T>& values, std::size_t limit, const Field& field) {
    const auto count = std::min(values.size(), limit);
    number(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) field(values[i]);
  }

 private:
  static std::size_t cut(const std::string& value) { return std::min(value.size(), kMaxText); }

  Message* out_;
};

// Once something is wrong all that follows is 0 or empty, and defect() says what it was.
class Reader {
 public:
  static constexpr bool kReads = true;

  explicit Reader(Bytes bytes) : rest_(bytes) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  void number(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      number(byte);
      if (byte > 1) refuse("a truth value that is none");
      value = byte == 1;
    } else {
      value = 0;
      const auto bytes = take(sizeof(T));
      if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
    }
  }
  template <typename T>
  void choice(T& value, T last) {
    std::uint8_t byte = 0;
    number(byte);
    if (byte > static_cast<std::uint8_t>(last)) refuse("a choice that there is not");
    value = defect_.empty() ? static_cast<T>(byte) : T{};
  }
  void text(std::string& value) {
    const auto bytes = raw(kMaxText);
    value.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  Bytes raw(std::size_t limit) {
    std::uint32_t length = 0;
    number(length);
    if (length > limit) refuse("a text that is too long");
    return take(length);
  }
  template <typename T, typename Field>
  void list(std::vector<T>& values, std::size_t limit, const Field& field) {
    std::uint32_t count = 0;
    number(count);
    if (count > limit) refuse("a list that is too long");
    // Grown as it is read: a length alone takes no memory.
    for (std::uint32_t i = 0; i < count && defect_.empty(); ++i) field(values.emplace_back());
  }

  void refuse(const char* defect) {
    if (defect_.empty()) defect_ = defect;
    rest_ = {};
  }
  // What is wrong with the message, the end included; empty: nothing.
  [[nodiscard]] std::string defect() const {
    return defect_.empty() && !rest_.empty() ? "bytes after its end" : defect_;
  }

 private:
  Bytes take(std::size_t length) {
    if (length > rest_.size()) {
      refuse("its end is missing");
      return {};
    }
    const auto taken = rest_.first(length);
    rest_ = rest_.subspan(length);
    return taken;
  }

  Bytes rest_;
  std::string defect_;
};

// One description of each value's fields, for both directions: `Value` is const for a
// Writer.
template <typename Io, typename T>
using Of = std::conditional_t<Io::kReads, T, const T>;

template <typename Io>
void fields(Io& io, Of<Io, Error>& error) {
  io.choice(error.code, Errc::kReaderFailed);
  io.text(error.context);
}

template <typename Io>
void fields(Io& io, Of<Io, gm_location>& location) {
  io.number(location.where);
  io.number(location.displacement);
}

// `binary` is the daemon's own number and is not sent.
template <typename Io>
void fields(Io& io, Of<Io, gm_site>& site) {
  io.number(site.address);
  io.number(site.role);
  io.number(site.rule);
  io.number(site.frame_linked);
  io.number(site.stack_abi);
  io.number(site.located);
  io.number(site.end_kind);
  io.number(site.goid_offset);
  io.number(site.load_factor);
  fields(io, site.type_at);
  fields(io, site.hmap_at);
  io.number(site.tls_g_offset);
  io.number(site.types);
  io.number(site.etypes);
}

template <typename Io>
void fields(Io& io, Of<Io, ProbeSite>& site) {
  io.text(site.function);
  io.text(site.inlined);
  io.choice(site.role, Role::kAssign);
  io.choice(site.detail, Detail::kAssign);
  io.number(site.entry);
  io.number(site.address);
  io.number(site.file_offset);
  io.text(site.instruction);
  io.number(site.emulated);
  fields(io, site.kernel);
}

template <typename Io>
void fields(Io& io, Of<Io, go::Moduledata>& data) {
  io.number(data.address);
  io.number(data.text);
  io.number(data.etext);
  io.number(data.types);
  io.number(data.etypes);
  io.number(data.gofunc);
}

template <typename Io>
void fields(Io& io, Of<Io, std::optional<go::Design>>& design) {
  bool known = design.has_value();
  auto value = design.value_or(go::Design::kClassic);
  io.number(known);
  io.choice(value, go::Design::kSwiss);
  if constexpr (Io::kReads) {
    if (known) design = value;
  }
}

// The linker's settings stay behind: nobody asks for them.
template <typename Io>
void fields(Io& io, Of<Io, Plan>& plan) {
  io.choice(plan.machine, elf::Machine::kOther);
  io.number(plan.is_pie);
  io.number(plan.has_symbol_table);
  io.number(plan.has_dwarf);
  io.text(plan.build_id);
  io.number(plan.function_count);
  fields(io, plan.moduledata);
  io.number(plan.text.address);
  io.number(plan.text.size);
  io.number(plan.text.file_offset);
  io.text(plan.build_info.version);
  io.text(plan.build_info.path);
  io.number(plan.version.minor);
  io.number(plan.version.patch);
  io.number(plan.version_assumed);
  fields(io, plan.design);
  io.list(plan.sites, kMaxSites, [&](auto& site) { fields(io, site); });
  io.text(plan.refusal);
  io.text(plan.buckets_refusal);
  io.text(plan.assign_refusal);
}

template <typename Io>
void fields(Io& io, Of<Io, go::GoMapType>& type) {
  io.text(type.name);
  io.choice(type.design, go::Design::kSwiss);
  io.number(type.key_slot_bytes);
  io.number(type.elem_slot_bytes);
  io.number(type.unit_bytes);
  io.number(type.has_pointers);
}

template <typename Io>
void fields(Io& io, Of<Io, symbol::Frame>& frame) {
  io.text(frame.function);
  io.text(frame.file);
  io.number(frame.line);
  io.number(frame.inlined);
  io.number(frame.address);
  io.number(frame.runtime_map);
  io.number(frame.callers_missing);
}

template <typename Io>
void fields(Io& io, Of<Io, std::vector<symbol::Frame>>& frames) {
  io.list(frames, kMaxFrames, [&](auto& frame) { fields(io, frame); });
}

template <typename Io>
void fields(Io& io, Of<Io, bool>& answer) {
  io.number(answer);
}

template <typename Io>
void fields(Io& io, Of<Io, std::string>& text) {
  io.text(text);
}

template <typename Io>
void fields(Io& io, Of<Io, Message>& bytes) {
  if constexpr (Io::kReads) {
    const auto raw = io.raw(kMaxRead);
    bytes.assign(raw.begin(), raw.end());
  } else {
    io.raw(bytes);
  }
}

template <typename Io>
void fields(Io& io, Of<Io, Request>& request) {
  io.choice(request.question, Question::kCaller);
  io.number(request.address);
  io.number(request.length);
  io.choice(request.content, go::Content::kPointer);
  io.choice(request.layout.design, go::Design::kSwiss);
  io.number(request.layout.varint_names);
  io.number(request.layout.swiss_group_layout_27);
  io.choice(request.shown, symbol::RuntimeFrames::kShow);
  io.list(request.pcs, kMaxPcs, [&](auto& pc) { io.number(pc); });
}

template <typename T>
Message answer_of(const T& value, std::uint8_t status = kAnswer) {
  Message message;
  Writer writer(message);
  writer.number(status);
  fields(writer, value);
  return message;
}

std::unexpected<Error> no_answer(const std::string& defect) {
  return fail(Errc::kReaderFailed, "what its reader answered is not to be trusted: " + defect);
}

template <typename T>
Result<T> read_answer(Bytes message) {
  Reader reader(message);
  std::uint8_t status = 0;
  reader.number(status);
  if (status > kError) return no_answer("neither an answer nor an error");
  if (status == kError) {
    Error error{};
    fields(reader, error);
    if (const auto defect = reader.defect(); !defect.empty()) return no_answer(defect);
    if (error.code == Errc::kReaderFailed) return no_answer("an error that is not its own");
    return std::unexpected(std::move(error));
  }
  T value{};
  fields(reader, value);
  if (const auto defect = reader.defect(); !defect.empty()) return no_answer(defect);
  return value;
}

}  // namespace

bool operator==(const Request& one, const Request& other) {
  return encode(one) == encode(other);
}

Message encode(const Request& request) {
  Message message;
  Writer writer(message);
  fields(writer, request);
  return message;
}

Result<Request> decode_request(Bytes message) {
  Reader reader(message);
  Request request;
  fields(reader, request);
  if (request.question < Question::kPlan) reader.refuse("a question that there is not");
  if (request.length > kMaxRead) reader.refuse("more bytes than are given at once");
  if (const auto defect = reader.defect(); !defect.empty())
    return fail(Errc::kMalformed, "no such request: " + defect);
  return request;
}

Message encode(const Error& error) {
  return answer_of(error, kError);
}
Message encode(const Plan& plan) {
  if (plan.sites.size() > kMaxSites)
    return encode(Error{Errc::kUnsupported, fmt::format("more than {} probe sites", kMaxSites)});
  return answer_of(plan);
}
Message encode(bool answer) {
  return answer_of(answer);
}
Message encode(const std::string& text) {
  return answer_of(text);
}
Message encode(const go::GoMapType& type) {
  return answer_of(type);
}
Message encode(Bytes bytes) {
  return answer_of(Message(bytes.begin(), bytes.end()));
}
Message encode(const std::vector<symbol::Frame>& frames) {
  return answer_of(frames);
}

template <>
Result<Plan> decode_answer<Plan>(Bytes message) {
  return read_answer<Plan>(message);
}
template <>
Result<bool> decode_answer<bool>(Bytes message) {
  return read_answer<bool>(message);
}
template <>
Result<std::string> decode_answer<std::string>(Bytes message) {
  return read_answer<std::string>(message);
}
template <>
Result<go::GoMapType> decode_answer<go::GoMapType>(Bytes message) {
  return read_answer<go::GoMapType>(message);
}
template <>
Result<Message> decode_answer<Message>(Bytes message) {
  return read_answer<Message>(message);
}
template <>
Result<std::vector<symbol::Frame>> decode_answer<std::vector<symbol::Frame>>(Bytes message) {
  return read_answer<std::vector<symbol::Frame>>(message);
}

}  // namespace gomapd::analyst
