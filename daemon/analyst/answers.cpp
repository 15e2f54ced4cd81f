// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/answers.h"

#include <array>

namespace gomapd::analyst {
namespace {

Message no_table() {
  return encode(Error{Errc::kNotGo, "no table of functions"});
}

template <typename T>
Message encoded(const Result<T>& result) {
  return result ? encode(*result) : encode(result.error());
}

}  // namespace

Message Answers::to(Bytes request) {
  const auto decoded = decode_request(request);
  return decoded ? answer(*decoded) : encode(decoded.error());
}

Message Answers::answer(const Request& request) {
  switch (request.question) {
    case Question::kPlan: {
      const auto binary = analyse(file_, give_back_);
      return binary ? encode(static_cast<const Plan&>(*binary)) : encode(binary.error());
    }
    case Question::kHoldsGoCode: return encode(pclntab() != nullptr);
    case Question::kLibraryVersion: {
      // Of a library without section headers it can't be told cheaply.
      if (image() == nullptr || image()->find_section(".go.buildinfo") == nullptr)
        return encode(Error{Errc::kNotGo, "no build information"});
      const auto info = go::read_build_info(*image());
      return info ? encode(info->version) : encode(info.error());
    }
    case Question::kMapType: return map_type(request);
    case Question::kRead: return read(request);
    case Question::kSymbolize: return symbolize(request);
    case Question::kCaller: return caller(request);
  }
  return encode(Error{Errc::kMalformed, "no such question"});
}

Message Answers::map_type(const Request& request) {
  if (pclntab() == nullptr) return no_table();
  const auto read = [&](elf::Vaddr at, std::span<std::byte> out, go::Content content) {
    return read_image(*image(), at, out, content);
  };
  return encoded(go::read_map_type(read, pclntab()->moduledata(), request.layout, request.address));
}

Message Answers::read(const Request& request) {
  Message bytes(request.length);
  if (image() == nullptr || !read_image(*image(), request.address, bytes, request.content))
    return encode(Error{Errc::kNotFound, "not in the file"});
  return encode(Bytes(bytes));
}

Message Answers::symbolize(const Request& request) {
  if (pclntab() == nullptr) return no_table();
  return encode(symbol::symbolize(*pclntab(), request.pcs, request.shown));
}

Message Answers::caller(const Request& request) {
  std::vector<symbol::Frame> frames;
  if (pclntab() == nullptr) return no_table();
  if (const auto all = pclntab()->frames_at(request.address); !all.empty()) {
    const auto& outer = all.back();
    frames.push_back({.function = std::string(outer.function),
                      .file = std::string(outer.file),
                      .line = outer.line,
                      .inlined = outer.inlined});
  }
  return encode(frames);
}

const elf::Image* Answers::image() {
  if (!image_) image_ = elf::Image::parse(file_, give_back_);
  return *image_ ? &**image_ : nullptr;
}

const go::Pclntab* Answers::pclntab() {
  if (!pclntab_ && image() != nullptr) pclntab_ = go::Pclntab::find(*image());
  return pclntab_ && *pclntab_ ? &**pclntab_ : nullptr;
}

}  // namespace gomapd::analyst
