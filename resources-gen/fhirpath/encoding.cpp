#include "resources-gen/fhirpath/encoding.h"

#include <array>
#include <cstdint>

namespace fhirpath {
namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view hexadecimal = "0123456789abcdef";

constexpr std::array<std::pair<char, std::string_view>, 5> html = {{
    {'<', "&lt;"},
    {'>', "&gt;"},
    {'&', "&amp;"},
    {'"', "&quot;"},
    {'\'', "&#39;"},
}};
constexpr std::array<std::pair<char, char>, 7> json = {{
    {'"', '"'},
    {'\\', '\\'},
    {'\n', 'n'},
    {'\r', 'r'},
    {'\t', 't'},
    {'\b', 'b'},
    {'\f', 'f'},
}};

std::string to_base64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) out += j <= count ? alphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text, std::string_view alphabet) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xff);
  }
  return out;
}

// FHIRPath's strings are Unicode: bytes that are not valid UTF-8 decode to nothing.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xc2 && first < 0xe0 ? 1
                             : first >= 0xe0 && first < 0xf0 ? 2
                             : first >= 0xf0 && first < 0xf5 ? 3
                                                             : 9;
    if (more == 9 || i + more >= text.size()) return false;
    for (std::size_t j = 1; j <= more; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xc0) != 0x80) return false;
    }
    if (more >= 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
          (first == 0xf4 && second >= 0x90)) {
        return false;
      }
    }
    i += more + 1;
  }
  return true;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::size_t byte = 0;
    for (const char c : text.substr(i, 2)) {
      const auto digit = hexadecimal.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
      if (digit == std::string_view::npos) return std::nullopt;
      byte = byte * 16 + digit;
    }
    out += static_cast<char>(byte);
  }
  return out;
}

}  // namespace

std::optional<std::string> encode(std::string_view text, std::string_view form) {
  if (form == "base64") return to_base64(text, standard);
  if (form == "urlbase64") return to_base64(text, for_urls);
  if (form != "hex") return std::nullopt;
  std::string out;
  for (const char c : text) {
    out += hexadecimal[static_cast<unsigned char>(c) >> 4];
    out += hexadecimal[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::optional<std::string> decode(std::string_view text, std::string_view form) {
  std::optional<std::string> out;
  if (form == "base64") out = from_base64(text, standard);
  if (form == "urlbase64") out = from_base64(text, for_urls);
  if (form == "hex") out = from_hex(text);
  return out && is_utf8(*out) ? out : std::nullopt;
}

std::optional<std::string> escape(std::string_view text, std::string_view form) {
  if (form != "html" && form != "json") return std::nullopt;
  std::string out;
  for (const char c : text) {
    bool special = false;
    if (form == "html") {
      for (const auto& [plain, written] : html) {
        if (c == plain) {
          out += written;
          special = true;
        }
      }
    } else {
      for (const auto& [plain, letter] : json) {
        if (c == plain) {
          out += '\\';
          out += letter;
          special = true;
        }
      }
    }
    if (!special) out += c;
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text, std::string_view form) {
  if (form != "html" && form != "json") return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t taken = 1;
    char c = text[i];
    if (form == "html") {
      for (const auto& [plain, written] : html) {
        if (!text.substr(i).starts_with(written)) continue;
        c = plain;
        taken = written.size();
      }
    } else if (c == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == '/') {
        c = '/';
        taken = 2;
      }
      for (const auto& [plain, letter] : json) {
        if (text[i + 1] != letter) continue;
        c = plain;
        taken = 2;
      }
    }
    out += c;
    i += taken;
  }
  return out;
}

}  // namespace fhirpath
