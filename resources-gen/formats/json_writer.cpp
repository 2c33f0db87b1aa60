#include <algorithm>
#include <cstdint>

#include "resources-gen/formats/json.h"

namespace formats {

std::string apply(std::string_view source, const std::vector<Edit>& edits) {
  std::size_t size = source.size();
  for (const auto& edit : edits) size += edit.text.size();
  std::string out;
  out.reserve(size);
  std::uint32_t at = 0;
  for (const auto& edit : edits) {
    out.append(source.substr(at, edit.begin - at));
    out += edit.text;
    at = edit.end;
  }
  out.append(source.substr(at));
  return out;
}

std::string pretty(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  std::size_t depth = 0;
  const auto line = [&] {
    out += '\n';
    out.append(std::min(depth, most_indented) * 2, ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    switch (c) {
      case '"': {
        const auto from = i;
        for (++i; i < json.size() && json[i] != '"'; ++i) {
          if (json[i] == '\\') ++i;
        }
        out.append(json.substr(from, i + 1 - from));
        break;
      }
      case '{':
      case '[':
        out += c;
        if (i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
          out += json[++i];
        } else {
          ++depth;
          line();
        }
        break;
      case '}':
      case ']':
        if (depth > 0) --depth;
        line();
        out += c;
        break;
      case ',':
        out += c;
        line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace formats
