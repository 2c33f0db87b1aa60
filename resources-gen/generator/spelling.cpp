#include "resources-gen/generator/spelling.h"

#include <algorithm>
#include <array>

namespace generator {

namespace {

// Keywords, alternative tokens, names with a meaning in modules, and macros of common headers.
constexpr std::array<std::string_view, 99> taken{
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "import",
    "inline",
    "int",
    "long",
    "module",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    "linux",
    "unix",
    "NULL",
};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string identifier(std::string_view name) {
  std::string spelled(name);
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) spelled += '_';
  return spelled;
}

std::string capitalised(std::string_view name) {
  std::string spelled(name);
  if (!spelled.empty()) spelled[0] = upper(spelled[0]);
  return spelled;
}

std::string choice_name(std::string_view element, std::string_view type) { return std::string(element) + capitalised(type); }

std::string snake_case(std::string_view name) {
  std::string spelled;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool is_upper = name[at] != lower(name[at]);
    if (at > 0 && is_upper) spelled += '_';
    spelled += lower(name[at]);
  }
  return spelled;
}

}  // namespace generator
