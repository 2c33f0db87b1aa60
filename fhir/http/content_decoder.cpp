#include "fhir/http/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <utility>

#include "fhir/rest/header_text.h"

namespace http {
namespace {

using model::FailureKind;
using model::IssueCode;

constexpr std::size_t most_at_once = 256u << 10;

model::Failure damaged() {
  return model::failure(FailureKind::bad_request, IssueCode::invalid, "The compressed body is damaged or cut short");
}

// What the codings share. One of them takes from the front of `in_`, writes at most `room` bytes to `out`, and says how many.
class Unfolding : public ContentDecoder {
 public:
  void feed(std::string piece) override {
    piece_ = std::move(piece);
    in_ = piece_;
  }

  model::Result<bool> decode(std::string& out) override {
    if (ended_) {
      if (!in_.empty()) return damaged();
      return false;
    }
    const auto before = out.size();
    out.resize(before + most_at_once);
    std::size_t written = 0;
    const auto state = unfold(in_, out.data() + before, most_at_once, written);
    out.resize(before + written);
    if (state == State::bad) return damaged();
    ended_ = state == State::end;
    if (ended_ && !in_.empty()) return damaged();
    return state == State::full;
  }

  model::Result<void> end() override {
    if (!ended_) return damaged();
    return {};
  }

 protected:
  enum class State { hungry, full, end, bad };  // full: there may be more to come from what was fed
  virtual State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) = 0;

 private:
  std::string piece_;
  std::string_view in_;
  bool ended_ = false;
};

// gzip, and "deflate", which is the zlib format; 32 lets zlib tell its two headers apart.
class Inflater final : public Unfolding {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 32) == Z_OK; }
  ~Inflater() override {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

 private:
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    if (!ready_) return State::bad;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int state = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    written = room - stream_.avail_out;
    if (state == Z_STREAM_END) return State::end;
    if (state != Z_OK && state != Z_BUF_ERROR) return State::bad;
    return stream_.avail_out == 0 ? State::full : State::hungry;
  }

  z_stream stream_{};
  bool ready_ = false;
};

class BrotliUnfolding final : public Unfolding {
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    if (!state_) return State::bad;
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out);
    std::size_t left = in.size(), free = room;
    const auto result = BrotliDecoderDecompressStream(state_.get(), &left, &next_in, &free, &next_out, nullptr);
    in.remove_prefix(in.size() - left);
    written = room - free;
    switch (result) {
      case BROTLI_DECODER_RESULT_SUCCESS:
        return State::end;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return State::full;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return State::hungry;
      default:
        return State::bad;
    }
  }

  std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance};
};

class ZstdUnfolding final : public Unfolding {
 public:
  ZstdUnfolding() {
    if (state_) ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, 23);  // RFC 9659: 8 MB
  }

 private:
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    if (!state_) return State::bad;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, room, 0};
    const auto left = ZSTD_decompressStream(state_.get(), &to, &from);
    in.remove_prefix(from.pos);
    written = to.pos;
    if (ZSTD_isError(left) != 0) return State::bad;
    if (left == 0) return State::end;
    return to.pos == room ? State::full : State::hungry;
  }

  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> state_{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

template <typename Coding>
std::unique_ptr<ContentDecoder> make() {
  return std::make_unique<Coding>();
}

struct StreamCoding {
  std::string_view name;
  std::unique_ptr<ContentDecoder> (*make)();
};
constexpr std::array<StreamCoding, 5> codings{{
    {"gzip", make<Inflater>},
    {"x-gzip", make<Inflater>},
    {"deflate", make<Inflater>},
    {"br", make<BrotliUnfolding>},
    {"zstd", make<ZstdUnfolding>},
}};

}  // namespace

model::Result<std::unique_ptr<ContentDecoder>> make_decoder(std::string_view content_encoding) {
  std::string_view wanted;
  for (auto rest = content_encoding; !rest.empty();) {
    const auto member = rest::next_part(rest, ',');
    if (member.empty() || rest::equal_ignoring_case(member, "identity")) continue;
    if (!wanted.empty()) {
      return model::failure(FailureKind::unsupported_media, IssueCode::not_supported,
                            "Raw content is taken in one content coding, not in several");
    }
    wanted = member;
  }
  if (wanted.empty()) return std::unique_ptr<ContentDecoder>();
  for (const auto& coding : codings) {
    if (rest::equal_ignoring_case(wanted, coding.name)) return coding.make();
  }
  return model::failure(FailureKind::unsupported_media, IssueCode::not_supported,
                        "Content-Encoding '" + std::string(wanted.substr(0, 60)) +
                            "' is not supported for raw content: send identity, gzip, deflate, br or zstd");
}

}  // namespace http
