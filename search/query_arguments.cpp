#include "search/query_arguments.h"

namespace search {
namespace {

void append_encoded(std::string& out, std::string_view text) {
  // RFC 3986 section 3.4 without what forms give a meaning: & = + # %
  static constexpr std::string_view plain = "-._~:/,$@!*();";
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
}

}  // namespace

std::vector<std::string> split_alternatives(std::string_view value, std::size_t most) {
  std::vector<std::string> out;
  std::string current;
  for (std::size_t i = 0; i < value.size() && out.size() < most; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      ++i;
      if (value[i] != ',') current.push_back('\\');
      current.push_back(value[i]);
    } else if (value[i] == ',') {
      if (!current.empty()) out.push_back(std::move(current));
      current.clear();
    } else {
      current.push_back(value[i]);
    }
  }
  if (!current.empty() && out.size() < most) out.push_back(std::move(current));
  return out;
}

std::pair<std::string_view, std::string_view> split_name(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::optional<Modifier> modifier_named(std::string_view name) {
  // R4 search.html#modifiers
  static constexpr std::pair<std::string_view, Modifier> rows[] = {
      {"missing", Modifier::missing}, {"exact", Modifier::exact},    {"contains", Modifier::contains},
      {"not", Modifier::not_},        {"text", Modifier::text},      {"in", Modifier::in},
      {"not-in", Modifier::not_in},   {"below", Modifier::below},    {"above", Modifier::above},
      {"of-type", Modifier::of_type}, {"ofType", Modifier::of_type}, {"identifier", Modifier::identifier},
  };
  for (const auto& [text, modifier] : rows) {
    if (name == text) return modifier;
  }
  return std::nullopt;
}

void append_argument(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out.push_back('&');
  append_encoded(out, name);
  out.push_back('=');
  append_encoded(out, value);
}

}  // namespace search
