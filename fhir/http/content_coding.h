// Content codings, in and out: gzip, deflate, br and zstd. RFC 9110 8.4.1, 12.5.3; RFC 7932 (br); RFC 8878, 9659 (zstd).
//
// One table of codings; each has a file of its own. All functions may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/http/content_decoder.h"

namespace http {

struct Coding {
  std::string_view name;
  std::string_view alias;  // RFC 9110 8.4.1.3: understood as the same
  // Of content that may have `limit` bytes.
  std::unique_ptr<ContentDecoder> (*decoder)(std::uint64_t limit);
  std::optional<std::string> (*encode)(std::string_view content);  // nullopt: no memory
};

// For a Content-Encoding header: undoes its codings, the last applied first; null if there is nothing to undo. What comes of each
// may have `limit` bytes. Fails with unsupported_media for a coding that is not in the table, and for more than two.
model::Result<std::unique_ptr<ContentDecoder>> make_decoder(std::string_view content_encoding, std::uint64_t limit);
// A body that is there as a whole, with its codings undone. Fails as the decoder does, and as make_decoder().
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
std::unique_ptr<ContentDecoder> gzip_decoder(std::uint64_t limit);
std::unique_ptr<ContentDecoder> deflate_decoder(std::uint64_t limit);
std::unique_ptr<ContentDecoder> brotli_decoder(std::uint64_t limit);
std::unique_ptr<ContentDecoder> zstd_decoder(std::uint64_t limit);
std::optional<std::string> encode_gzip(std::string_view content);
std::optional<std::string> encode_deflate(std::string_view content);
std::optional<std::string> encode_brotli(std::string_view content);
std::optional<std::string> encode_zstd(std::string_view content);

}  // namespace http
