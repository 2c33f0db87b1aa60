// Content codings, in and out: gzip, deflate, br and zstd. RFC 9110 8.4.1, 12.5.3; RFC 7932 (br); RFC 8878, 9659 (zstd).
//
// One table of codings; each has a file of its own. All functions may be called from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

struct Coding {
  std::string_view name;
  std::string_view alias;  // RFC 9110 8.4.1.3: understood as the same
  // Fails with too_large beyond `limit` bytes (found while the content unfolds: no more memory than that is taken), bad_request
  // for damaged content.
  model::Result<std::string> (*decode)(std::string_view content, std::uint64_t limit);
  std::optional<std::string> (*encode)(std::string_view content);  // nullopt: no memory
};

// Undoes a Content-Encoding header's codings, the last applied first; at most two. Fails as above, and with unsupported_media for
// a coding that is not in the table.
model::Result<std::string> decode_content(std::string body, std::string_view content_encoding, std::uint64_t limit);

// What Accept-Encoding wants of an answer.
struct CodingChoice {
  const Coding* coding = nullptr;  // the best of those it takes; null: none of ours, or rather none
  bool plain = true;               // an answer without coding is taken too
};
CodingChoice choose_coding(std::string_view accept_encoding);

// "zstd, br, gzip, deflate": for Accept-Encoding in the answer to a request whose coding is not known (RFC 9110 15.5.16).
const std::string& known_codings();

// The rows of the table.
model::Result<std::string> decode_gzip(std::string_view content, std::uint64_t limit);
model::Result<std::string> decode_deflate(std::string_view content, std::uint64_t limit);
model::Result<std::string> decode_brotli(std::string_view content, std::uint64_t limit);
model::Result<std::string> decode_zstd(std::string_view content, std::uint64_t limit);
std::optional<std::string> encode_gzip(std::string_view content);
std::optional<std::string> encode_deflate(std::string_view content);
std::optional<std::string> encode_brotli(std::string_view content);
std::optional<std::string> encode_zstd(std::string_view content);

}  // namespace http
