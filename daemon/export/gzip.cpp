// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace gomapd::exporter {
namespace {

// zlib.h, deflateInit2: 15 bits of window, 16 more for a gzip header; 8 is
// MAX_MEM_LEVEL's default.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;

}  // namespace

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(Errc::kSystem, "gzip: no memory");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib counts in 32 bits: it is fed piece by piece. It does not write here.
  stream.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT(*-const-cast)
  std::size_t fed = 0;
  std::size_t written = 0;
  constexpr std::size_t kPiece = std::numeric_limits<uInt>::max();
  int status = Z_OK;
  while (status == Z_OK) {
    const auto in = static_cast<uInt>(std::min(bytes.size() - fed, kPiece));
    const auto room = static_cast<uInt>(std::min(out.size() - written, kPiece));
    stream.avail_in = in;
    stream.avail_out = room;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    status = deflate(&stream, fed + in == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    fed += in - stream.avail_in;
    written += room - stream.avail_out;
  }
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(Errc::kSystem, "gzip: could not compress");
  out.resize(written);
  return out;
}

}  // namespace gomapd::exporter
