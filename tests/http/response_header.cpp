// Header values that leave: no control character in any, wherever it stands.
#include "fhir/http/response_header.h"

#include <catch2/catch.hpp>

using namespace http;

namespace {

std::string header_with(const std::string& value) {
  rest::Response response;
  response.status = 200;
  response.headers.emplace_back("X-Request-Id", value);
  std::string out;
  append_header(out, response, {}, "now", {}, true, false);
  return out;
}

std::string around(const std::string& value) {
  return "HTTP/1.1 200 OK\r\nServer: kiln\r\nDate: now\r\nX-Request-Id: " + value + "\r\n\r\n";
}

}  // namespace

TEST_CASE("a control character in a header's value leaves as a blank, wherever it stands", "[header]") {
  for (std::size_t size = 0; size <= 20; ++size) {
    const std::string plain = std::string("abc\x80 ~\x7f\xff").append(size, 'x').substr(0, size);
    CHECK(header_with(plain) == around(plain));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char control : {'\0', '\n', '\r', '\t', '\x1f'}) {
        auto sent = plain, left = plain;
        sent[at] = control;
        left[at] = ' ';
        CAPTURE(size, at, int{control});
        CHECK(header_with(sent) == around(left));
        if (at > 0) {
          sent[0] = '\n';
          left[0] = ' ';
          CHECK(header_with(sent) == around(left));
        }
      }
    }
  }
}
