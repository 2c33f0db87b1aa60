// ContentDecoder: a content coding undone piece by piece (RFC 9110 8.4.1). One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

class ContentDecoder {
 public:
  virtual ~ContentDecoder() = default;
  // The next piece of what was sent; read with decode().
  virtual void feed(std::string piece) = 0;
  // Appends some 256 kB of content to `out`; false: all of what was fed is used up. Fails with bad_request on damage.
  virtual model::Result<bool> decode(std::string& out) = 0;
  // After the last piece: whether the coding has come to its end.
  virtual model::Result<void> end() = 0;
};

// For a Content-Encoding header: null if there is nothing to undo. Fails with unsupported_media for a coding that is not known,
// or more than one: content that is streamed is sent in one.
model::Result<std::unique_ptr<ContentDecoder>> make_decoder(std::string_view content_encoding);

}  // namespace http
