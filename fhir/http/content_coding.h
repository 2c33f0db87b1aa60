// Content codings: gzip and deflate, in and out (RFC 9110 8.4.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

// Undoes a Content-Encoding header's codings (last applied first). Fails with unsupported_media for an unknown coding, too_large
// beyond `limit` bytes (a bomb is found while it unfolds), bad_request for damaged data. At most two codings.
model::Result<std::string> decode_content(std::string body, std::string_view content_encoding, std::uint64_t limit);

// True if Accept-Encoding takes gzip with a weight above zero.
bool accepts_gzip(std::string_view accept_encoding);

// `body` as gzip.
std::string gzip(std::string_view body);

}  // namespace http
