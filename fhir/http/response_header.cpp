#include "fhir/http/response_header.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "fhir/rest/reason_phrase.h"

namespace http {
namespace {

// A text that is written into place, as growing a string piece by piece costs more than all else about a short answer.
class Pen {
 public:
  // For at most `most` bytes after those of `out`.
  Pen(std::string& out, std::size_t most) : out_(out) {
    const auto from = out.size();
    out.resize(from + most);
    at_ = out.data() + from;
  }
  ~Pen() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }
  Pen(const Pen&) = delete;

  void put(std::string_view text) {
    text.copy(at_, text.size());
    at_ += text.size();
  }
  void put(std::uint64_t number) { at_ = std::to_chars(at_, at_ + number_bytes, number).ptr; }

  // Header values come from requests too (X-Request-Id, Location): no control character leaves in one.
  void put_value(std::string_view value) {
    char* from = at_;
    put(value);
    for (; at_ - from >= 8; from += 8) mend(from, 8);
    mend(from, static_cast<std::size_t>(at_ - from));
  }

  static constexpr std::size_t number_bytes = 20;

 private:
  static void mend(char* from, std::size_t count) {
    if (count == 8) {  // hardly any has one: eight bytes are asked at once
      std::uint64_t eight;
      std::memcpy(&eight, from, 8);
      if (((eight - 0x2020202020202020u) & ~eight & 0x8080808080808080u) == 0) return;
    }
    for (char* at = from; at < from + count; ++at) {
      if (static_cast<unsigned char>(*at) < 0x20) *at = ' ';
    }
  }

  std::string& out_;
  char* at_;
};

}  // namespace

BodyFraming framing_of(const rest::Response& response, bool old_version) {
  using Kind = BodyFraming::Kind;
  if (response.status == 204 || response.status == 304) return {};
  if (!response.source) return {Kind::length, response.body ? response.body->size() : 0};
  if (const auto length = response.source->length()) return {Kind::length, *length};
  return {old_version ? Kind::until_close : Kind::chunked};
}

void append_header(std::string& out, const rest::Response& response, const BodyFraming& framing, std::string_view date,
                   std::string_view standing, bool keep_alive, bool old_version) {
  const auto phrase = rest::reason_phrase(response.status);
  // Besides what varies: the literals below, and two numbers.
  std::size_t most = 128 + 2 * Pen::number_bytes + phrase.size() + date.size() + standing.size();
  for (const auto& [name, value] : response.headers) most += name.size() + value.size() + 4;
  Pen pen(out, most);
  pen.put("HTTP/1.1 ");
  pen.put(static_cast<std::uint64_t>(response.status));
  pen.put(" ");
  pen.put(phrase);
  pen.put("\r\nServer: kiln\r\nDate: ");
  pen.put(date);
  pen.put(standing);
  for (const auto& [name, value] : response.headers) {
    pen.put("\r\n");
    pen.put(name);
    pen.put(": ");
    pen.put_value(value);
  }
  if (framing.kind == BodyFraming::Kind::length) {
    pen.put("\r\nContent-Length: ");
    pen.put(framing.length);
  } else if (framing.kind == BodyFraming::Kind::chunked) {
    pen.put("\r\nTransfer-Encoding: chunked");
  }
  if (!keep_alive) {
    pen.put("\r\nConnection: close");
  } else if (old_version) {
    pen.put("\r\nConnection: keep-alive");
  }
  pen.put("\r\n\r\n");
}

}  // namespace http
