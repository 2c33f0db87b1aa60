#include "resources-gen/patch/json_pointer.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace patch {

std::optional<JsonPointer> JsonPointer::parse(std::string_view text) {
  JsonPointer pointer;
  pointer.text = text;
  if (text.empty()) return pointer;
  if (text[0] != '/') return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.tokens.emplace_back();
    } else if (text[i] == '~') {
      if (++i == text.size() || (text[i] != '0' && text[i] != '1')) return std::nullopt;
      pointer.tokens.back() += text[i] == '0' ? '~' : '/';
    } else {
      pointer.tokens.back() += text[i];
    }
  }
  return pointer;
}

bool JsonPointer::holds(const JsonPointer& other) const {
  return tokens.size() < other.tokens.size() && std::equal(tokens.begin(), tokens.end(), other.tokens.begin());
}

std::optional<std::size_t> array_index(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  if (token.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::size_t index = 0;
  const auto error = std::from_chars(token.data(), token.data() + token.size(), index).ec;
  return error == std::errc() ? index : std::numeric_limits<std::size_t>::max();
}

}  // namespace patch
