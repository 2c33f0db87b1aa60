#include "fhir/http/content_decoder.h"

#include <zlib.h>

#include <utility>

#include "fhir/rest/header_text.h"

namespace http {
namespace {

using model::FailureKind;
using model::IssueCode;

constexpr std::size_t most_at_once = 256u << 10;

// gzip, and "deflate", which is the zlib format; 32 lets zlib tell its two headers apart.
class Inflater final : public ContentDecoder {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 32) == Z_OK; }
  ~Inflater() override {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void feed(std::string piece) override {
    piece_ = std::move(piece);
    stream_.next_in = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_in = static_cast<uInt>(piece_.size());
  }

  model::Result<bool> decode(std::string& out) override {
    if (!ready_) return model::failure(FailureKind::internal, IssueCode::exception, "zlib could not start");
    if (ended_) {
      if (stream_.avail_in > 0) return damaged();
      return false;
    }
    const auto before = out.size();
    out.resize(before + most_at_once);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = most_at_once;
    const int state = inflate(&stream_, Z_NO_FLUSH);
    out.resize(out.size() - stream_.avail_out);
    if (state == Z_STREAM_END) {
      ended_ = true;
      if (stream_.avail_in > 0) return damaged();
      return false;
    }
    if (state != Z_OK && state != Z_BUF_ERROR) return damaged();
    return stream_.avail_out == 0;
  }

  model::Result<void> end() override {
    if (!ended_) return damaged();
    return {};
  }

 private:
  static model::Failure damaged() {
    return model::failure(FailureKind::bad_request, IssueCode::invalid, "The compressed body is damaged or cut short");
  }

  z_stream stream_{};
  std::string piece_;
  bool ready_ = false;
  bool ended_ = false;
};

}  // namespace

model::Result<std::unique_ptr<ContentDecoder>> make_decoder(std::string_view content_encoding) {
  std::string_view coding;
  for (auto rest = content_encoding; !rest.empty();) {
    const auto member = rest::next_part(rest, ',');
    if (member.empty() || rest::equal_ignoring_case(member, "identity")) continue;
    if (!coding.empty()) {
      return model::failure(FailureKind::unsupported_media, IssueCode::not_supported,
                            "Large content is taken in one content coding, not in several");
    }
    coding = member;
  }
  if (coding.empty()) return std::unique_ptr<ContentDecoder>();
  for (const auto* known : {"gzip", "x-gzip", "deflate"}) {
    if (rest::equal_ignoring_case(coding, known)) return std::unique_ptr<ContentDecoder>(std::make_unique<Inflater>());
  }
  return model::failure(FailureKind::unsupported_media, IssueCode::not_supported,
                        "Content-Encoding '" + std::string(coding.substr(0, 60)) +
                            "' is not supported for large content: send identity, gzip or deflate");
}

}  // namespace http
