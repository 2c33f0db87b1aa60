// zstd (RFC 8878).

#include <zstd.h>

#include <memory>

#include "fhir/http/bounded_output.h"
#include "fhir/http/content_coding.h"

namespace http {
namespace {

constexpr int window_log = 23;  // RFC 9659: a decoder of the content coding need not take windows of more than 8 MB
constexpr int level = 3;

}  // namespace

// Any number of frames, one after the other (RFC 8878 3.1). Frames that need a dictionary are damaged to us.
model::Result<std::string> decode_zstd(std::string_view content, std::uint64_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decoder(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!decoder) return model::failure(model::FailureKind::unavailable, model::IssueCode::throttled, "There is no memory");
  ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, window_log);
  BoundedOutput out(content.size() * 4, limit);
  ZSTD_inBuffer from{content.data(), content.size(), 0};
  for (;;) {
    if (!out.make_room()) return out.too_large();
    ZSTD_outBuffer to{out.room(), out.room_bytes(), 0};
    const auto state = ZSTD_decompressStream(decoder.get(), &to, &from);
    out.wrote(to.pos);
    if (ZSTD_isError(state)) return damaged("zstd");
    const bool all_read = from.pos == from.size;
    if (all_read && state == 0) break;                         // the last frame has ended
    if (all_read && to.pos < to.size) return damaged("zstd");  // it asks for more, and has nothing left to give
  }
  if (out.over()) return out.too_large();
  return out.take();
}

std::optional<std::string> encode_zstd(std::string_view content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const auto size = ZSTD_compress(out.data(), out.size(), content.data(), content.size(), level);
  if (ZSTD_isError(size)) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace http
