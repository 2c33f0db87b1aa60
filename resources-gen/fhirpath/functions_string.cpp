// N1 5.6: strings, counted in characters; and those that later versions added.

#include <cstring>

#include <algorithm>

#include "resources-gen/fhirpath/encoding.h"
#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/text.h"
#include "resources-gen/fhirpath/utf8.h"

namespace fhirpath {
namespace {

using Text = std::optional<std::string_view>;

// A made string that is too large fails as too costly; `size` before it is made.
bool fits(Call& call, std::size_t size) { return call.run.charge(size <= max_string ? size / 8 : max_ticks + 1); }

// Where `part` stands in `text` from `at` on, npos if it does not: in linear time, as string_view's own way is not.
std::size_t position(std::string_view text, std::string_view part, std::size_t at = 0) {
  if (part.empty()) return at;
  if (text.size() - at < part.size()) return std::string_view::npos;
  const void* const found = memmem(text.data() + at, text.size() - at, part.data(), part.size());
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

// The input and the first argument, both strings; nullopt if one is empty.
bool two(Call& call, Text& text, Text& argument) {
  if (!call.text(text) || !call.argument_text(0, argument)) return false;
  if (!text || !argument) text = argument = std::nullopt;
  return true;
}

bool index_of(Call& call) {
  Text text, part;
  if (!two(call, text, part)) return false;
  if (!text) return true;
  const auto at = position(*text, *part);
  return call.give(
      Value::of(at == std::string_view::npos ? std::int64_t{-1} : static_cast<std::int64_t>(utf8::length(text->substr(0, at)))));
}

bool substring(Call& call) {
  Text text;
  std::optional<std::int64_t> start, length;
  if (!call.text(text) || !call.argument_integer(0, start) || (call.count() == 2 && !call.argument_integer(1, length)))
    return false;
  if (!text || !start || *start < 0) return true;
  const std::size_t first = utf8::offset(*text, static_cast<std::size_t>(*start));
  if (first == text->size()) return true;
  std::string_view rest = text->substr(first);
  if (length) rest = rest.substr(0, utf8::offset(rest, static_cast<std::size_t>(std::max<std::int64_t>(*length, 0))));
  return call.give(Value::of(ItemKind::string, rest));
}

bool starts_with(Call& call) {
  Text text, part;
  if (!two(call, text, part)) return false;
  return !text || call.give(text->starts_with(*part));
}

bool ends_with(Call& call) {
  Text text, part;
  if (!two(call, text, part)) return false;
  return !text || call.give(text->ends_with(*part));
}

bool contains(Call& call) {
  Text text, part;
  if (!two(call, text, part)) return false;
  return !text || call.give(position(*text, *part) != std::string_view::npos);
}

bool to_upper(Call& call) {
  Text text;
  if (!call.text(text)) return false;
  return !text || (fits(call, text->size()) && call.give_text(upper(*text)));
}

bool to_lower(Call& call) {
  Text text;
  if (!call.text(text)) return false;
  return !text || (fits(call, text->size()) && call.give_text(lower(*text)));
}

bool replace(Call& call) {
  Text text, pattern, substitution;
  if (!two(call, text, pattern) || !call.argument_text(1, substitution)) return false;
  if (!text || !substitution) return true;
  std::string out;
  const auto append = [&](std::string_view part) {
    out += part;
    return out.size() <= max_string || fits(call, out.size());
  };
  std::size_t at = 0;
  if (pattern->empty()) {  // N1 5.6.8: around every character
    while (at < text->size()) {
      const std::size_t next = utf8::next(*text, at);
      if (!append(*substitution) || !append(text->substr(at, next - at))) return false;
      at = next;
    }
    return append(*substitution) && fits(call, out.size()) && call.give_text(out);
  }
  for (auto found = position(*text, *pattern); found != std::string_view::npos; found = position(*text, *pattern, at)) {
    if (!append(text->substr(at, found - at)) || !append(*substitution)) return false;
    at = found + pattern->size();
  }
  return append(text->substr(at)) && fits(call, out.size()) && call.give_text(out);
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// RE2 looks at each byte once for each state where its automaton has no room for all sets of them.
std::uint64_t scan_cost(const re2::RE2& pattern, std::size_t bytes) { return bytes * size_of(pattern) / 8; }

// The regular expression of the first argument: compiled with the plan, or now. Null with `text` empty if there is nothing to
// match.
struct Matcher {
  Text text;
  const re2::RE2* pattern = nullptr;
  std::unique_ptr<const re2::RE2> own;
};

bool matcher(Call& call, Matcher& out) {
  if (!call.text(out.text)) return false;
  if (call.op.pattern) {
    out.pattern = call.op.pattern;
  } else {
    Text pattern;
    if (!call.argument_text(0, pattern)) return false;
    if (!pattern) {
      out.text = std::nullopt;
      return true;
    }
    if (pattern->size() > max_pattern) return call.fail("the regular expression is too long");
    out.own = compiled_pattern(*pattern);
    out.pattern = out.own.get();
    if (!out.pattern->ok()) return call.fail("not a regular expression: " + out.pattern->error());
    if (!call.run.charge(1000 + 100 * size_of(*out.pattern))) return false;
  }
  return !out.text || call.run.charge(scan_cost(*out.pattern, out.text->size()));
}

// The official suite has matches() find the expression anywhere in the string.
bool matches(Call& call) {
  Matcher m;
  if (!matcher(call, m)) return false;
  return !m.text || call.give(re2::RE2::PartialMatch(piece(*m.text), *m.pattern));
}

bool matches_full(Call& call) {
  Matcher m;
  if (!matcher(call, m)) return false;
  return !m.text || call.give(re2::RE2::FullMatch(piece(*m.text), *m.pattern));
}

// $1 and ${name} stand for groups, as elsewhere in N1's family; $$ for $.
bool substitute(const re2::RE2& pattern, const re2::StringPiece* groups, int count, std::string_view with, std::string& out) {
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '$' || i + 1 == with.size()) {
      out += with[i];
      continue;
    }
    const char next = with[i + 1];
    int group = -1;
    std::size_t taken = 1;
    if (next >= '0' && next <= '9') {
      group = next - '0';
    } else if (next == '{') {
      const auto end = with.find('}', i);
      if (end == std::string_view::npos) return false;
      const auto named = pattern.NamedCapturingGroups().find(std::string(with.substr(i + 2, end - i - 2)));
      if (named == pattern.NamedCapturingGroups().end()) return false;
      group = named->second;
      taken = end - i;
    } else if (next == '$') {
      out += '$';
      ++i;
      continue;
    } else {
      out += '$';
      continue;
    }
    if (group >= count) return false;
    out.append(groups[group].data() ? groups[group].data() : "", groups[group].size());
    i += taken;
  }
  return true;
}

bool replace_matches(Call& call) {
  Matcher m;
  Text with;
  if (!matcher(call, m) || !call.argument_text(1, with)) return false;
  if (!m.text || !with) return true;
  if (m.pattern->pattern().empty()) return call.give_text(*m.text);  // the official suite: nothing is replaced
  const int count = std::min(m.pattern->NumberOfCapturingGroups() + 1, 10);
  re2::StringPiece groups[10];
  std::string out;
  std::size_t at = 0;
  while (at <= m.text->size() && m.pattern->Match(piece(*m.text), at, m.text->size(), re2::RE2::UNANCHORED, groups, count)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - m.text->data());
    out += m.text->substr(at, begin - at);
    if (!substitute(*m.pattern, groups, count, *with, out)) return call.fail("the substitution names a group that is not there");
    at = begin + groups[0].size();
    if (groups[0].empty()) {  // go on behind the next character
      const std::size_t next = at < m.text->size() ? utf8::next(*m.text, at) : at + 1;
      if (at < m.text->size()) out += m.text->substr(at, next - at);
      at = next;
    }
    // What was looked at to find it is between what it is long and all that is left.
    const std::size_t left = m.text->size() - std::min(at, m.text->size());
    if (!call.run.charge(1 + scan_cost(*m.pattern, groups[0].size() + left / 512))) return false;
    if (out.size() > max_string && !fits(call, out.size())) return false;
  }
  if (at < m.text->size()) out += m.text->substr(at);
  return fits(call, out.size()) && call.give_text(out);
}

bool length(Call& call) {
  Text text;
  if (!call.text(text)) return false;
  return !text || call.give(Value::of(static_cast<std::int64_t>(utf8::length(*text))));
}

bool to_chars(Call& call) {
  Text text;
  if (!call.text(text)) return false;
  for (std::size_t at = 0; text && at < text->size();) {
    const std::size_t next = utf8::next(*text, at);
    call.give(Value::of(ItemKind::string, text->substr(at, next - at)));
    at = next;
  }
  return true;
}

bool trim(Call& call) {
  Text text;
  if (!call.text(text)) return false;
  return !text || call.give(Value::of(ItemKind::string, trimmed(*text)));
}

bool split(Call& call) {
  Text text, separator;
  if (!two(call, text, separator)) return false;
  if (!text) return true;
  if (separator->empty()) return to_chars(call);
  std::size_t at = 0;
  for (auto found = position(*text, *separator); found != std::string_view::npos; found = position(*text, *separator, at)) {
    call.give(Value::of(ItemKind::string, text->substr(at, found - at)));
    at = found + separator->size();
  }
  return call.give(Value::of(ItemKind::string, text->substr(at)));
}

bool join(Call& call) {
  Text separator = std::string_view();
  if (call.count() == 1 && !call.argument_text(0, separator)) return false;
  if (call.input.empty() || !separator) return true;
  std::string out;
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    const auto value = system_value(call.input[i]);
    if (!value || value->kind != ItemKind::string) return call.fail("takes strings");
    if (i != 0) out += *separator;
    out += value->text;
    if (out.size() > max_string) break;
  }
  return fits(call, out.size()) && call.give_text(out);
}

template <std::optional<std::string> (*function)(std::string_view text, std::string_view form)>
bool recode(Call& call) {
  Text text, form;
  if (!two(call, text, form)) return false;
  if (!text || !fits(call, text->size())) return !text;
  const auto result = function(*text, *form);
  return !result || call.give_text(*result);
}

constexpr FunctionRow rows[] = {
    {"indexOf", 1, 1, "v", Gives::system, index_of},
    {"substring", 1, 2, "vv", Gives::system, substring},
    {"startsWith", 1, 1, "v", Gives::system, starts_with},
    {"endsWith", 1, 1, "v", Gives::system, ends_with},
    {"contains", 1, 1, "v", Gives::system, contains},
    {"upper", 0, 0, "", Gives::system, to_upper},
    {"lower", 0, 0, "", Gives::system, to_lower},
    {"replace", 2, 2, "vv", Gives::system, replace},
    {"matches", 1, 1, "r", Gives::system, matches},
    {"replaceMatches", 2, 2, "rv", Gives::system, replace_matches},
    {"length", 0, 0, "", Gives::system, length},
    {"toChars", 0, 0, "", Gives::system, to_chars},
    // Not in N1, but used by what is published since.
    {"matchesFull", 1, 1, "r", Gives::system, matches_full},
    {"trim", 0, 0, "", Gives::system, trim},
    {"split", 1, 1, "v", Gives::system, split},
    {"join", 0, 1, "v", Gives::system, join},
    {"encode", 1, 1, "v", Gives::system, recode<encode>},
    {"decode", 1, 1, "v", Gives::system, recode<decode>},
    {"escape", 1, 1, "v", Gives::system, recode<escape>},
    {"unescape", 1, 1, "v", Gives::system, recode<unescape>},
};

}  // namespace

std::span<const FunctionRow> string_functions() { return rows; }

}  // namespace fhirpath
