#include "fhir/rest/header_text.h"

#include <algorithm>

namespace rest {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view next_part(std::string_view& text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (!quoted && i < text.size() && text[i] == separator) {
      const auto part = trimmed(text.substr(0, i));
      text.remove_prefix(i + 1);
      return part;
    }
  }
  const auto part = trimmed(text);
  text = {};
  return part;
}

bool is_media_type(std::string_view text) {
  static constexpr std::string_view token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto take = [&](char behind) {  // a token, and what must stand behind it
    const auto size = std::min(text.find_first_not_of(token), text.size());
    if (size == 0) return false;
    text.remove_prefix(size);
    if (behind == '\0') return true;
    if (!text.starts_with(behind)) return false;
    text.remove_prefix(1);
    return true;
  };
  if (!take('/') || !take('\0')) return false;
  for (;;) {
    text = trimmed(text);
    if (text.empty()) return true;
    if (text.front() != ';') return false;
    text = trimmed(text.substr(1));
    if (text.empty()) return true;
    if (!take('=')) return false;
    if (!text.starts_with('"')) {
      if (!take('\0')) return false;
      continue;
    }
    std::size_t close = 1;
    while (close < text.size() && text[close] != '"') close += text[close] == '\\' ? 2 : 1;
    if (close >= text.size()) return false;
    text.remove_prefix(close + 1);
  }
}

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

}  // namespace rest
