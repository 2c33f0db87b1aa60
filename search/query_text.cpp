#include "search/query_text.h"

#include <array>
#include <utility>

namespace search {
namespace {

bool separates(char c) { return c == ',' || c == '$' || c == '|' || c == '\\'; }

struct PrefixRow {
  std::string_view text;
  Prefix prefix;
};
constexpr std::array<PrefixRow, 9> prefixes = {{{"eq", Prefix::eq},
                                                {"ne", Prefix::ne},
                                                {"gt", Prefix::gt},
                                                {"lt", Prefix::lt},
                                                {"ge", Prefix::ge},
                                                {"le", Prefix::le},
                                                {"sa", Prefix::sa},
                                                {"eb", Prefix::eb},
                                                {"ap", Prefix::ap}}};

}  // namespace

std::vector<std::string_view> split_unescaped(std::string_view value, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\') {
      ++i;
    } else if (value[i] == separator) {
      parts.push_back(value.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(value.substr(start));
  return parts;
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && separates(text[i + 1])) ++i;
    out.push_back(text[i]);
  }
  return out;
}

bool is_escaped(std::string_view text) {
  for (std::size_t i = text.find('\\'); i != std::string_view::npos; i = text.find('\\', i + 2)) {
    if (i + 1 == text.size() || !separates(text[i + 1])) return false;
  }
  return true;
}

Prefix take_prefix(std::string_view& value) {
  for (const PrefixRow& row : prefixes) {
    if (value.substr(0, 2) == row.text) {
      value.remove_prefix(2);
      return row.prefix;
    }
  }
  return Prefix::eq;
}

model::Failure bad_value(const ScanContext& context, std::string_view value, std::string_view why) {
  std::string text = "Search parameter '";
  text.append(context.schema.text(context.parameter.code)).append("': the value '").append(value.substr(0, 200));
  if (value.size() > 200) text.append("...");
  text.append("' ").append(why);
  return model::failure(model::FailureKind::bad_request, model::IssueCode::value, std::move(text));
}

}  // namespace search
