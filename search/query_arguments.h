// The text of a query's arguments: alternatives, names and modifiers, and the query strings of links.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/parameter_types.h"

namespace search {

// The alternatives of a value, split at each `,` that no backslash stands before. `\,` becomes `,`; `\\`, `\|` and `\$` stay for
// the parameter type. Empty alternatives are left out. No more than `most` are read. R4 search.html#escaping.
std::vector<std::string> split_alternatives(std::string_view value, std::size_t most = ~std::size_t{0});

// "name:exact" -> ("name", "exact").
std::pair<std::string_view, std::string_view> split_name(std::string_view name);

// The modifier of that name; nullopt if R4 has none so called. Type names (`:Patient`) are not among them.
std::optional<Modifier> modifier_named(std::string_view name);

// Adds name=value to a query string, percent-encoded, after a '&' if something stands before.
void append_argument(std::string& out, std::string_view name, std::string_view value);

}  // namespace search
