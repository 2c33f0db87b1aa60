// The text of a query's value: separators, their escapes, prefixes, and the failure for a value without meaning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "search/parameter_types.h"

namespace search {

// Parts between unescaped `separator`s, escapes still in place (R4 search.html#escaping). At least one part.
std::vector<std::string_view> split_unescaped(std::string_view value, char separator);
// `\,` `\$` `\|` `\\` undone; any other backslash stands for itself.
std::string unescape(std::string_view text);
// Is each backslash one half of those four? R4 search.html#escaping: "xx\xx is illegal".
bool is_escaped(std::string_view text);
inline constexpr std::string_view illegal_escape =
    "has a backslash that stands before none of , $ | and \\; one that is part of the value is written twice";
// Takes a prefix ("ge") off the front of the value; eq if there is none (R4 search.html#prefix).
Prefix take_prefix(std::string_view& value);
// 400: the parameter, the value and why it has no meaning.
model::Failure bad_value(const ScanContext& context, std::string_view value, std::string_view why);

}  // namespace search
