// A Range header: which bytes of a content are asked for. RFC 9110 14.
#pragma once

#include <cstdint>
#include <string_view>

namespace rest {

struct ByteRange {
  enum class Kind : std::uint8_t {
    whole,  // none asked for, or none that must be heeded: 200
    part,   // 206
    beyond  // 416
  };
  Kind kind = Kind::whole;
  std::uint64_t first = 0;  // of a part
  std::uint64_t size = 0;
};

// `header` empty: whole. What is no range of bytes is ignored, and so are several, which may be answered whole (RFC 9110 14.2).
ByteRange read_range(std::string_view header, std::uint64_t size);

}  // namespace rest
