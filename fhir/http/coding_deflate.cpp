// gzip (RFC 1952) and deflate (RFC 1950) by zlib.

#include <zlib.h>

#include <algorithm>
#include <memory>

#include "fhir/http/content_coding.h"

namespace http {
namespace {

constexpr int window = 15;
constexpr int gzip_format = 16;  // added to the window, in zlib's reckoning; a negative window is a bare stream
constexpr uInt most_at_once = 1u << 30;

// RFC 1950 2.2: the method in the first byte, and both bytes together a multiple of 31.
bool has_zlib_header(std::string_view content) {
  const auto first = static_cast<unsigned char>(content[0]);
  const auto second = static_cast<unsigned char>(content[1]);
  return (first & 15) == 8 && (first * 256u + second) % 31 == 0;
}

class Inflater final : public Unfolding {
 public:
  Inflater(std::string_view name, bool gzip, std::uint64_t limit) : Unfolding(name, limit, 32u << 10), gzip_(gzip) {
    if (gzip) begin(window + gzip_format);
  }
  ~Inflater() override {
    if (begun_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

 private:
  State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) override {
    // RFC 9110 8.4.1.2: the zlib format; "some non-conformant implementations send the deflate compressed data without the
    // wrapper".
    if (!gzip_ && !begun_) {
      if (in.size() < 2) return State::hungry;
      begin(has_zlib_header(in) ? window : -window);
    }
    if (!begun_) return State::no_memory;
    const auto given = static_cast<uInt>(std::min<std::size_t>(in.size(), most_at_once));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int state = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(given - stream_.avail_in);
    written = room - stream_.avail_out;
    if (state == Z_STREAM_END) return State::end;
    if (state == Z_MEM_ERROR) return State::no_memory;
    if (state != Z_OK && state != Z_BUF_ERROR) return State::bad;
    return stream_.avail_out == 0 || !in.empty() ? State::full : State::hungry;
  }
  // RFC 1952 2.2: gzip content may be several members, one after the other.
  bool begin_again() override { return gzip_ && inflateReset(&stream_) == Z_OK; }

  void begin(int bits) { begun_ = inflateInit2(&stream_, bits) == Z_OK; }

  z_stream stream_{};
  bool gzip_;
  bool begun_ = false;
};

std::optional<std::string> deflate_all(std::string_view content, int bits) {
  if (content.size() > most_at_once) return std::nullopt;
  z_stream stream{};
  // Level 4: on FHIR JSON within a few percent of level 6 in size at about half the time.
  if (deflateInit2(&stream, 4, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace

std::unique_ptr<ContentDecoder> gzip_decoder(std::uint64_t limit) { return std::make_unique<Inflater>("gzip", true, limit); }
std::unique_ptr<ContentDecoder> deflate_decoder(std::uint64_t limit) {
  return std::make_unique<Inflater>("deflate", false, limit);
}

std::optional<std::string> encode_gzip(std::string_view content) { return deflate_all(content, window + gzip_format); }
std::optional<std::string> encode_deflate(std::string_view content) { return deflate_all(content, window); }

}  // namespace http
