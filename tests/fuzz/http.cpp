#include "fhir/http/content_coding.h"
#include "fhir/http/forwarded.h"
#include "fhir/http/origin.h"
#include "fhir/http/request_reader.h"
#include "tests/fuzz/targets.h"

namespace fuzz {
namespace {

struct Read {
  bool done = false;  // else refused, or not at its end yet: a fault in the last bytes may need more of them to be seen
  std::size_t used = 0;
  rest::Request request;
};

// As a connection reads: what is not used yet comes again with the next piece.
Read read_in_pieces(std::string_view bytes, std::size_t piece) {
  http::RequestReader reader;
  reader.eager(true);
  reader.limit_header(4096);
  reader.body_limit(boost::none);  // the reader has its own
  reader.limit = 1 << 16;
  Read read;
  std::size_t arrived = 0;
  while (!reader.is_done()) {
    if (arrived == bytes.size()) break;
    arrived = std::min(bytes.size(), arrived + piece);
    for (;;) {
      boost::beast::error_code trouble;
      const auto used = reader.put(boost::asio::const_buffer(bytes.data() + read.used, arrived - read.used), trouble);
      read.used += used;
      if (trouble && trouble != boost::beast::http::error::need_more) return read;
      if (reader.is_done() || trouble || used == 0 || read.used == arrived) break;
    }
  }
  read.done = reader.is_done();
  read.request = std::move(reader.request);
  return read;
}

// What headers say of addresses, and of codings.
void headers(const rest::Request& request) {
  static const auto proxies = ::http::TrustedProxies::parse({"10.0.0.0/8", "::1"});
  static const rest::ServiceOptions options = [] {
    rest::ServiceOptions given;
    given.base_url = "http://kiln.test/fhir";
    return given;
  }();
  if (const auto said = ::http::read_forwarding(request, *proxies, options); said && !said->base_url.empty()) {
    const auto base = ::http::parse_base_url(said->base_url);
    require(base && base->text() == said->base_url, "a base URL that is believed is one", said->base_url);
  }
  ::http::choose_coding(request.header("Accept-Encoding"));
}

void framing(std::string_view bytes) {
  const auto whole = read_in_pieces(bytes, bytes.size());
  require(!whole.done || whole.request.body.size() <= 1 << 16, "the limit of the body holds");
  if (whole.done) headers(whole.request);
  for (const std::size_t piece : {1u, 7u}) {
    const auto parts = read_in_pieces(bytes, piece);
    require(parts.done == whole.done, "a request is the same however it arrives", bytes);
    if (!whole.done) continue;
    require(parts.used == whole.used, "it ends at the same byte", bytes);
    require(parts.request.method == whole.request.method && parts.request.target == whole.request.target &&
                parts.request.headers == whole.request.headers && parts.request.body == whole.request.body,
            "it says the same", bytes);
  }
}

}  // namespace

void http(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 1 << 16) return;
  static constexpr std::string_view codings[] = {"gzip", "deflate", "gzip, deflate", "identity", "br", "zstd"};
  const auto choice = static_cast<unsigned char>(bytes[0]);
  if (choice >= 0x80) {  // no method begins so
    constexpr std::uint64_t limit = 1 << 20;
    const auto decoded = ::http::decode_content(std::string(bytes.substr(1)), codings[choice % std::size(codings)], limit);
    if (decoded) require(decoded->size() <= limit, "no content unfolds beyond its limit");
    return;
  }
  framing(bytes);
}

}  // namespace fuzz
