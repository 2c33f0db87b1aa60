// br (RFC 7932).

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <memory>

#include "fhir/http/bounded_output.h"
#include "fhir/http/content_coding.h"

namespace http {
namespace {

// On FHIR JSON quality 4 costs about what gzip costs and saves a tenth more; 5 and above cost twice as much.
constexpr int quality = 4;
constexpr int window_bits = 20;  // as large as most answers; the encoder's memory goes with it

}  // namespace

// The decoder's window is at most 16 MB: larger ones (not part of RFC 7932) are refused unless they are asked for.
model::Result<std::string> decode_brotli(std::string_view content, std::uint64_t limit) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> decoder(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!decoder) return model::failure(model::FailureKind::unavailable, model::IssueCode::throttled, "There is no memory");
  BoundedOutput out(content.size() * 4, limit);
  auto left = content.size();
  auto* next = reinterpret_cast<const std::uint8_t*>(content.data());
  for (;;) {
    if (!out.make_room()) return out.too_large();
    auto* to = reinterpret_cast<std::uint8_t*>(out.room());
    auto room = out.room_bytes();
    const auto before = room;
    const auto state = BrotliDecoderDecompressStream(decoder.get(), &left, &next, &room, &to, nullptr);
    out.wrote(before - room);
    if (state == BROTLI_DECODER_RESULT_SUCCESS) break;
    if (state != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return damaged("br");
  }
  if (out.over()) return out.too_large();
  if (left != 0) return damaged("br");
  return out.take();
}

std::optional<std::string> encode_brotli(std::string_view content) {
  auto size = BrotliEncoderMaxCompressedSize(content.size());
  if (size == 0) return std::nullopt;
  std::string out(size, '\0');
  if (BrotliEncoderCompress(quality, window_bits, BROTLI_MODE_TEXT, content.size(),
                            reinterpret_cast<const std::uint8_t*>(content.data()), &size,
                            reinterpret_cast<std::uint8_t*>(out.data())) != BROTLI_TRUE) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

}  // namespace http
