#include "resources-gen/model/primitives.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "resources-gen/model/decimal.h"
#include "resources-gen/model/temporal.h"

namespace model {
namespace {

enum Class : std::uint8_t { digit = 1, letter = 2, space = 4, base64 = 8, hex = 16, id_mark = 32, control = 64 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = digit | base64 | hex;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = letter | base64;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = letter | base64;
  for (int c = 'a'; c <= 'f'; ++c) table[c] |= hex;  // R4's uuid is in lower case
  table['+'] = table['/'] = base64;
  table['-'] = table['.'] = id_mark;
  for (int c = 0; c < 32; ++c) table[c] = control;
  table[' '] = space;
  table['\t'] = table['\n'] = table['\r'] = space;
  table['\f'] = table['\v'] = space | control;
  return table;
}
constexpr std::array<std::uint8_t, 256> classes = make_classes();

bool is(char c, int wanted) { return (classes[static_cast<unsigned char>(c)] & wanted) != 0; }
bool none_of(std::string_view text, int wanted) {
  return std::none_of(text.begin(), text.end(), [&](char c) { return is(c, wanted); });
}

bool is_id(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) { return is(c, digit | letter | id_mark); });
}

// No white space at either end, none inside but single spaces.
bool is_code(std::string_view text) {
  bool after_space = true;
  for (const char c : text) {
    if (is(c, space | control)) {
      if (after_space || c != ' ') return false;
      after_space = true;
    } else {
      after_space = false;
    }
  }
  return !after_space;
}

bool is_oid(std::string_view text) {
  constexpr std::string_view scheme = "urn:oid:";
  if (!text.starts_with(scheme)) return false;
  text.remove_prefix(scheme.size());
  if (text.size() < 3 || text[0] < '0' || text[0] > '2') return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text[0] != '.') return false;
    text.remove_prefix(1);
    std::size_t count = 0;
    while (count < text.size() && is(text[count], digit)) ++count;
    if (count == 0 || (count > 1 && text[0] == '0')) return false;
    text.remove_prefix(count);
  }
  return true;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view form = "urn:uuid:hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
  constexpr std::size_t scheme = 9;
  if (text.size() != form.size() || !text.starts_with(form.substr(0, scheme))) return false;
  for (std::size_t i = scheme; i < form.size(); ++i) {
    if (form[i] == 'h' ? !is(text[i], hex) : text[i] != '-') return false;
  }
  return true;
}

// Groups of four, white space between groups; RFC 4648 has padding at the end only, where R4's expression would take '='
// anywhere.
bool is_base64(std::string_view text) {
  std::size_t position = 0;  // within the group
  std::size_t padding = 0;
  bool any = false;
  for (const char c : text) {
    if (is(c, base64)) {
      if (padding) return false;
    } else if (c == '=') {
      if (position < 2) return false;
      ++padding;
    } else if (is(c, space)) {
      if (position) return false;
      continue;
    } else {
      return false;
    }
    any = true;
    position = (position + 1) % 4;
  }
  return any && position == 0;
}

bool is_integer(std::string_view text, std::int64_t low) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;  // an exponent or fraction stops the scan
  const std::string_view magnitude = text.substr(text[0] == '-');
  if (magnitude.size() > 1 && magnitude[0] == '0') return false;
  return value >= low && value <= 2'147'483'647 && (low < 0 || text[0] != '-');
}

bool is_decimal(std::string_view text) {
  // The shape without an exponent needs no arithmetic: this is most decimals.
  std::string_view rest = text.substr(text.starts_with('-'));
  std::size_t whole = 0;
  while (whole < rest.size() && is(rest[whole], digit)) ++whole;
  if (whole == 0 || whole > 1000 || rest.size() > 1000 || (whole > 1 && rest[0] == '0')) return Decimal::parse(text).has_value();
  if (whole == rest.size()) return true;
  if (rest[whole] == '.') {
    rest.remove_prefix(whole + 1);
    if (!rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) { return is(c, digit); })) return true;
  }
  return Decimal::parse(text).has_value();
}

struct Rule {
  ValueKind kind;
  std::string_view text;
};
constexpr ValueKind string = ValueKind::string, number = ValueKind::number;
// By Primitive's order.
constexpr std::array<Rule, 21> rules = {{
    {ValueKind::none, "a primitive type"},
    {string, "base64Binary: groups of four characters of base64"},
    {ValueKind::boolean, "boolean: true or false"},
    {string, "canonical: a URL, with |version or not, without white space"},
    {string, "code: no white space but single spaces inside"},
    {string, "date: YYYY, YYYY-MM or YYYY-MM-DD"},
    {string, "dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"},
    {number, "decimal: a JSON number"},
    {string, "id: 1 to 64 letters, digits, '-' and '.'"},
    {string, "instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz"},
    {number, "integer: a whole number from -2147483648 to 2147483647"},
    {string, "markdown: text without control characters"},
    {string, "oid: urn:oid: and numbers separated by dots"},
    {number, "positiveInt: a whole number from 1 to 2147483647"},
    {string, "string: text without control characters"},
    {string, "time: hh:mm:ss"},
    {number, "unsignedInt: a whole number from 0 to 2147483647"},
    {string, "uri: no white space"},
    {string, "url: no white space"},
    {string, "uuid: urn:uuid: and a UUID in lower case"},
    {string, "xhtml: text without control characters"},
}};
static_assert(static_cast<std::size_t>(Primitive::xhtml) + 1 == rules.size());

}  // namespace

ValueKind value_kind(Primitive primitive) { return rules[static_cast<std::size_t>(primitive)].kind; }

std::string_view rule(Primitive primitive) { return rules[static_cast<std::size_t>(primitive)].text; }

bool is_valid(Primitive primitive, std::string_view text) {
  if (text.empty()) return false;
  switch (primitive) {
    case Primitive::none:
      return false;
    case Primitive::base64_binary:
      return is_base64(text);
    case Primitive::boolean:
      return text == "true" || text == "false";
    case Primitive::code:
      return is_code(text);
    case Primitive::date:
    case Primitive::date_time:
    case Primitive::instant:
    case Primitive::time:
      return Temporal::parse(text, primitive).has_value();
    case Primitive::decimal:
      return is_decimal(text);
    case Primitive::id:
      return is_id(text);
    case Primitive::integer:
      return is_integer(text, -2'147'483'648LL);
    case Primitive::unsigned_int:
      return is_integer(text, 0);
    case Primitive::positive_int:
      return is_integer(text, 1);
    case Primitive::oid:
      return is_oid(text);
    case Primitive::uuid:
      return is_uuid(text);
    case Primitive::canonical:
    case Primitive::uri:
    case Primitive::url:
      return none_of(text, space | control);
    // R4 datatypes.html#string has "SHOULD not" for control characters, but XML 1.0 cannot carry them: nothing that holds them
    // has an XML form.
    case Primitive::markdown:
    case Primitive::string:
    case Primitive::xhtml:
      return none_of(text, control);
  }
  return false;
}

}  // namespace model
