// br (RFC 7932).

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <memory>

#include "fhir/http/content_coding.h"

namespace http {
namespace {

// On FHIR JSON quality 4 costs about what gzip costs and saves a tenth more; 5 and above cost twice as much.
constexpr int quality = 4;
constexpr int window_bits = 20;  // as large as most answers; the encoder's memory goes with it

// Its window is at most 16 MB: larger ones (not part of RFC 7932) are refused unless they are asked for.
class Decoder final : public Unfolding {
 public:
  explicit Decoder(std::uint64_t limit) : Unfolding("br", limit, 16u << 20) {}

 private:
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    if (!state_) return State::no_memory;
    const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* to = reinterpret_cast<std::uint8_t*>(out);
    std::size_t left = in.size(), free = room;
    const auto state = BrotliDecoderDecompressStream(state_.get(), &left, &next, &free, &to, nullptr);
    in.remove_prefix(in.size() - left);
    written = room - free;
    if (state == BROTLI_DECODER_RESULT_SUCCESS) return State::end;
    if (state == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return State::full;
    return state == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ? State::hungry : State::bad;
  }
  bool begin_again() override { return false; }

  std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance};
};

}  // namespace

std::unique_ptr<ContentDecoder> brotli_decoder(std::uint64_t limit) { return std::make_unique<Decoder>(limit); }

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
