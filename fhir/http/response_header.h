// The header of an answer as RFC 9112 has it on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fhir/rest/service.h"

namespace http {

// How the client finds the body's end (RFC 9112 6).
struct BodyFraming {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};

// The framing of an answer's body, whether it is sent or, after HEAD, only spoken of. HTTP/1.0 knows no chunks.
BodyFraming framing_of(const rest::Response& response, bool old_version);

// Appends the status line and all header fields, up to the empty line. `standing`: header lines with CR LF before each.
void append_header(std::string& out, const rest::Response& response, const BodyFraming& framing, std::string_view date,
                   std::string_view standing, bool keep_alive, bool old_version);

}  // namespace http
