// gzip (RFC 1952) and deflate (RFC 1950) by zlib.

#include <zlib.h>

#include "fhir/http/bounded_output.h"
#include "fhir/http/content_coding.h"

namespace http {
namespace {

constexpr int window = 15;
constexpr int gzip_format = 16;  // added to the window, in zlib's reckoning; a negative window is a bare stream
constexpr uInt most_at_once = 1u << 30;

// Frees the stream's memory whatever happens.
struct Inflater {
  z_stream stream{};
  bool ready;
  explicit Inflater(int bits) : ready(inflateInit2(&stream, bits) == Z_OK) {}
  ~Inflater() { inflateEnd(&stream); }
};

// `members`: gzip content may be several streams, one after the other (RFC 1952 2.2).
model::Result<std::string> inflate_all(std::string_view content, int bits, bool members, std::string_view name,
                                       std::uint64_t limit) {
  Inflater inflater(bits);
  if (!inflater.ready) return model::failure(model::FailureKind::unavailable, model::IssueCode::throttled, "There is no memory");
  auto& stream = inflater.stream;
  BoundedOutput out(content.size() * 4, limit);
  for (;;) {
    if (!out.make_room()) return out.too_large();
    const auto given = static_cast<uInt>(std::min<std::size_t>(content.size(), most_at_once));
    const auto room = static_cast<uInt>(std::min<std::size_t>(out.room_bytes(), most_at_once));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(out.room());
    stream.avail_out = room;
    const int state = inflate(&stream, Z_NO_FLUSH);
    content.remove_prefix(given - stream.avail_in);
    out.wrote(room - stream.avail_out);
    if (state == Z_STREAM_END) {
      if (content.empty()) break;
      if (!members || inflateReset(&stream) != Z_OK) return damaged(name);
    } else if (state != Z_OK || (content.empty() && stream.avail_out > 0)) {
      return damaged(name);
    }
  }
  if (out.over()) return out.too_large();
  return out.take();
}

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

// RFC 1950 2.2: the method in the first byte, and both bytes together a multiple of 31.
bool has_zlib_header(std::string_view content) {
  if (content.size() < 2) return false;
  const auto first = static_cast<unsigned char>(content[0]);
  const auto second = static_cast<unsigned char>(content[1]);
  return (first & 15) == 8 && (first * 256u + second) % 31 == 0;
}

}  // namespace

model::Result<std::string> decode_gzip(std::string_view content, std::uint64_t limit) {
  return inflate_all(content, window + gzip_format, true, "gzip", limit);
}

// RFC 9110 8.4.1.2: the zlib format; "some non-conformant implementations send the deflate compressed data without the wrapper".
model::Result<std::string> decode_deflate(std::string_view content, std::uint64_t limit) {
  return inflate_all(content, has_zlib_header(content) ? window : -window, false, "deflate", limit);
}

std::optional<std::string> encode_gzip(std::string_view content) { return deflate_all(content, window + gzip_format); }
std::optional<std::string> encode_deflate(std::string_view content) { return deflate_all(content, window); }

}  // namespace http
