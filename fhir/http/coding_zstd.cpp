// zstd (RFC 8878).

#include <zstd.h>

#include <memory>

#include "fhir/http/content_coding.h"

namespace http {
namespace {

constexpr int window_log = 23;  // RFC 9659: a decoder of the content coding need not take windows of more than 8 MB
constexpr int level = 3;

// Frames that need a dictionary are damaged to us.
class Decoder final : public Unfolding {
 public:
  explicit Decoder(std::uint64_t limit) : Unfolding("zstd", limit, 1u << window_log) {
    if (state_) ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, window_log);
  }

 private:
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    if (!state_) return State::no_memory;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, room, 0};
    const auto left = ZSTD_decompressStream(state_.get(), &to, &from);
    in.remove_prefix(from.pos);
    written = to.pos;
    if (ZSTD_isError(left) != 0) return State::bad;
    if (left == 0) return State::end;
    return to.pos == room || !in.empty() ? State::full : State::hungry;
  }
  bool begin_again() override { return true; }  // RFC 8878 3.1: any number of frames; the next call begins one

  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> state_{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

}  // namespace

std::unique_ptr<ContentDecoder> zstd_decoder(std::uint64_t limit) { return std::make_unique<Decoder>(limit); }

std::optional<std::string> encode_zstd(std::string_view content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const auto size = ZSTD_compress(out.data(), out.size(), content.data(), content.size(), level);
  if (ZSTD_isError(size)) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace http
