#include "resources-gen/formats/json_strings.h"

#include <cstring>

#include "resources-gen/formats/json.h"

namespace formats {
namespace {

// 0 to 15, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Bytes of the UTF-8 sequence at the front of `text`, which starts with a byte of 0x80 or more; 0 if it is broken. Unicode table
// 3-7.
std::size_t sequence_size(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool good = continues(1) && continues(2) && !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second >= 0xa0);
    return good ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool good =
        continues(1) && continues(2) && continues(3) && !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second >= 0x90);
    return good ? 4 : 0;
  }
  return 0;
}

}  // namespace

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

int hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(p[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

void append_unescaped(std::string& out, std::string_view raw) {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  while (p != end) {
    const char* const backslash = static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
    out.append(p, backslash ? backslash : end);
    if (!backslash) return;
    p = backslash + 2;
    switch (backslash[1]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        unsigned code = static_cast<unsigned>(hex4(p, end));
        p += 4;
        if (code >= 0xd800 && code <= 0xdbff) {  // the scan has seen to it that the low one follows
          code = 0x10000 + ((code - 0xd800) << 10) + (static_cast<unsigned>(hex4(p + 2, end)) - 0xdc00);
          p += 6;
        }
        append_utf8(out, code);
        break;
      }
      default:
        out += backslash[1];
    }
  }
}

std::size_t escaped_offset(std::string_view raw, std::size_t offset) {
  std::string one;
  std::size_t at = 0, made = 0;
  while (at < raw.size()) {
    std::size_t size = 1;
    if (raw[at] == '\\') {
      size = raw[at + 1] == 'u' ? 6 : 2;
      if (size == 6 && (hex4(raw.data() + at + 2, raw.data() + raw.size()) & 0xfc00) == 0xd800) size = 12;  // two halves
    }
    one.clear();
    append_unescaped(one, raw.substr(at, size));
    if (made + one.size() > offset) break;
    made += one.size();
    at += size;
  }
  return at;
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t size = sequence_size(text.substr(i))) {
        i += size;
        continue;
      }
    }
    out.append(text, from, i - from);
    from = ++i;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c >= 0x80) {
          out += "\xef\xbf\xbd";  // U+FFFD
        } else {
          out += "\\u00";
          out += hex[c >> 4];
          out += hex[c & 15];
        }
    }
  }
  out.append(text, from);
  out += '"';
}

}  // namespace formats
