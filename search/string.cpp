// string: text matched from its beginning, without case, accents and punctuation (R4 search.html#string).
//
//   \x02 folded \0 raw               raw is \xFF and its hash where the term would grow too long
//   \x02 folded \0 \x01              a further way in, which :exact and sorting do not see: "quinones" of "Carreno Quinones"
//   \x02 window 0 \0 \xFE raw rest   a long value: its first window, the hash of raw
//   \x03 n before window n \0 rest   its further windows, n = 1, 2 ... (4 bytes), and the hash of all before the window
//   \x05 Soundex codes               parameters called "phonetic"
//
// Window n is the 400 bytes of the folded value from 200 n on; `rest` is the length (4 bytes) and hash of what follows it.
// Windows overlap, so that a word of up to 200 bytes stands whole in one of them; a longer one is compared as far as the window
// goes, and with the rest where the value ends with it. Both hashes (8 bytes) are taken 200 bytes at a time, one keyed by the
// last: from the value's beginning, and from its end. So those of all windows take one pass over the value each.
#include <cstring>
#include <vector>

#include "search/fold.h"
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr char tag_window = '\x03';
constexpr char tag_after_windows = '\x04';
constexpr char tag_phonetic = '\x05';
constexpr char mark_further = '\x01';
constexpr char mark_long = '\xfe';
constexpr char mark_hash = '\xff';
constexpr std::size_t window = 400, step = 200;
constexpr std::size_t rest_size = 12;
constexpr std::size_t component_limit = 96;
constexpr std::size_t longest = 1u << 20;          // R4 datatypes.html#string: at most 1 MB; what is beyond is not indexed
constexpr std::size_t longest_further = 4u << 10;  // as sent: what is beyond folds to more than a window, or is no name
constexpr std::uint64_t prefix_key = 3, rest_key = 4;

void put_uint64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t hash_before(std::string_view folded, std::size_t number) {
  std::uint64_t hash = prefix_key;
  for (std::size_t block = 0; block < number; ++block) hash = hash64(folded.substr(block * step, step), hash);
  return hash;
}

// Of what follows a window, that of `after` being the hash of what follows its first block.
std::uint64_t hash_rest_from(std::string_view rest, std::uint64_t after) { return hash64(rest.substr(0, step), after); }

std::uint64_t hash_rest(std::string_view rest) {
  std::uint64_t hash = rest_key;
  for (std::size_t blocks = (rest.size() + step - 1) / step; blocks > 0; --blocks) {
    hash = hash_rest_from(rest.substr((blocks - 1) * step), hash);
  }
  return hash;
}

void put_rest(std::string& out, std::size_t size, std::uint64_t hash) {
  put_ordered32(out, static_cast<std::uint32_t>(size));
  put_uint64(out, hash);
}

std::string window_start(std::size_t number, std::uint64_t before) {
  std::string term(1, tag_window);
  put_ordered32(term, static_cast<std::uint32_t>(number));
  put_uint64(term, before);
  return term;
}

std::string value_term(std::string_view folded, std::string_view raw) {
  std::string term(1, tag_value);
  term.append(folded.substr(0, window)).push_back('\0');
  if (folded.size() > window) {
    term.push_back(mark_long);
    put_hash128(term, raw);
    put_rest(term, folded.size() - window, hash_rest(folded.substr(window)));
  } else if (term.size() + raw.size() <= max_term_bytes) {
    term.append(raw);
  } else {
    term.push_back(mark_hash);
    put_hash128(term, raw);
  }
  return term;
}

void put_windows(std::string_view folded, TermSink& sink) {
  const std::size_t count = (folded.size() + step - 1) / step;
  std::vector<std::uint64_t> rests(count, rest_key);  // of what follows each window
  for (std::size_t number = count; number-- > 0;) {
    const std::size_t end = number * step + window;
    if (end < folded.size()) rests[number] = hash_rest_from(folded.substr(end), rests[number + 1]);
  }
  std::uint64_t before = prefix_key;
  for (std::size_t number = 1; number < count; ++number) {
    before = hash64(folded.substr((number - 1) * step, step), before);
    const std::string_view text = folded.substr(number * step, window);
    std::string term = window_start(number, before);
    term.append(text).push_back('\0');
    put_rest(term, folded.size() - number * step - text.size(), rests[number]);
    sink.put(std::move(term));
  }
}

// In a composite a long value is cut; a query's value is cut alike.
std::string component_prefix(std::string_view folded) {
  std::string term(1, tag_value);
  return term.append(folded.substr(0, component_limit));
}

void put_text(std::string_view raw, Extraction& extraction) {
  raw = raw.substr(0, longest);
  if (extraction.phonetic) return;
  const std::string folded = fold(raw);
  if (folded.empty()) return;
  if (extraction.form == Form::component) {
    extraction.sink.put(component_prefix(folded).append(1, '\0'));
    return;
  }
  extraction.sink.put(value_term(folded, raw));
  if (folded.size() > window) put_windows(folded, extraction.sink);
}

void put_further(std::string_view raw, Extraction& extraction) {
  if (raw.size() > longest_further) return;
  const std::string folded = fold(raw);
  if (folded.empty() || folded.size() > window || extraction.form == Form::component) return;
  extraction.sink.put(std::string(1, tag_value).append(folded).append({'\0', mark_further}));
}

// A phonetic term for each word from which the sequence may be entered.
void put_phonetic(std::string_view raw, Extraction& extraction) {
  const std::string codes = phonetic(raw.substr(0, longest)).substr(0, window);
  for (std::size_t start = 0; start < codes.size(); start = std::min(codes.find(' ', start), codes.size() - 1) + 1) {
    extraction.sink.put(std::string(1, tag_phonetic).append(codes, start));
  }
}

// "Servers should search the parts of a family name independently": every word but the first, which the whole name begins with.
void put_family(std::string_view family, Extraction& extraction) {
  put_text(family, extraction);
  for (std::size_t i = 1; i < family.size() && i < window; ++i) {
    if ((family[i - 1] == ' ' || family[i - 1] == '-') && family[i] != ' ') put_further(family.substr(i), extraction);
  }
}

void put_name(model::NodeRef name, Extraction& extraction) {
  std::string given;
  std::string_view family, text;
  for (Children child(name); child.next();) {
    if (!child.node().has_value()) continue;
    if (child.is("family")) {
      family = child.text();
    } else if (child.is("given")) {
      given.append(given.empty() ? "" : " ").append(child.text());
    } else if (child.is("text")) {
      text = child.text();
    }
    if (extraction.phonetic) continue;
    if (child.is("family")) {
      put_family(family, extraction);
    } else if (child.is("given") || child.is("prefix") || child.is("suffix") || child.is("text")) {
      put_text(child.text(), extraction);
    }
  }
  const bool both = !given.empty() && !family.empty();
  const std::string forward = both ? given + " " + std::string(family) : given + std::string(family);
  if (extraction.phonetic) {
    put_phonetic(forward, extraction);
    if (both) put_phonetic(std::string(family) + " " + given, extraction);
    put_phonetic(text, extraction);
  } else if (both) {
    if (text.empty()) put_further(forward, extraction);
    put_further(std::string(family) + " " + given, extraction);
  }
}

bool is_address_part(const Children& child) {
  return child.is("text") || child.is("line") || child.is("city") || child.is("district") || child.is("state") ||
         child.is("postalCode") || child.is("country");
}

// Does the window, of a value of which `rest` follows, hold the word's beginning, and nothing against the rest of it?
bool window_contains(std::string_view text, std::string_view rest, std::string_view word) {
  if (memmem(text.data(), text.size(), word.data(), word.size())) return true;
  const std::uint32_t rest_length = read_ordered32(rest);
  if (rest_length == 0 || word.size() <= text.size() - step) return false;
  for (std::size_t at = 0; at < step; ++at) {
    const std::string_view beginning = text.substr(at);
    if (word.size() <= beginning.size() || !word.starts_with(beginning)) continue;
    const std::string_view further = word.substr(beginning.size());
    if (further.size() < rest_length) return true;
    if (further.size() > rest_length) continue;
    std::string whole_rest;
    put_rest(whole_rest, further.size(), hash_rest(further));
    if (whole_rest == rest) return true;
  }
  return false;
}

bool term_contains(std::string_view term, std::string_view word) {
  std::size_t start = 1;
  if (term.front() == tag_window) start = 1 + 4 + 8;
  const std::size_t end = term.find('\0', start);
  if (end == std::string_view::npos) return false;
  const std::string_view text = term.substr(start, end - start);
  const std::string_view behind = term.substr(end + 1);
  if (term.front() == tag_window ? behind.size() == rest_size : behind.starts_with(mark_long) && behind.size() > rest_size) {
    return window_contains(text, behind.substr(behind.size() - rest_size), word);
  }
  return memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

Scan beginning_with(std::string_view folded) {
  if (folded.size() <= window) return prefix_scan(std::string(1, tag_value).append(folded));
  const std::size_t number = (folded.size() - window + step - 1) / step;
  return prefix_scan(window_start(number, hash_before(folded, number)).append(folded.substr(number * step)));
}

}  // namespace

bool extract_string(model::NodeRef value, Extraction& extraction) {
  switch (extraction.datatypes.of(value)) {
    case Datatype::human_name:
      put_name(value, extraction);
      return true;
    case Datatype::address:
      for (Children child(value); child.next();) {
        if (is_address_part(child) && child.node().has_value()) put_text(child.text(), extraction);
      }
      return true;
    case Datatype::text:
    case Datatype::code:
    case Datatype::id:
    case Datatype::uri:
    case Datatype::canonical:
      if (!value.has_value()) return true;
      if (extraction.phonetic) {
        put_phonetic(value.text(), extraction);
      } else if (value.name() == "family") {
        put_family(value.text(), extraction);
      } else {
        put_text(value.text(), extraction);
      }
      return true;
    default:
      return false;
  }
}

model::Result<void> string_scans(const ScanContext& context, std::string_view value, Form form, Scans& out) {
  const std::string raw = unescape(value);
  if (raw.find('\0') != std::string::npos) return bad_value(context, "", "has a character U+0000");
  if (context.schema.text(context.parameter.code) == "phonetic") {
    const std::string codes = phonetic(raw);
    if (codes.empty()) return bad_value(context, value, "has no word");
    if (context.modifier != Modifier::none) return bad_value(context, value, "is compared by sound, which takes no modifier");
    out.push_back(prefix_scan(std::string(1, tag_phonetic).append(codes.substr(0, window))));
    return {};
  }
  const std::string folded = fold(raw);
  if (folded.empty()) return bad_value(context, value, "has no text to search for");
  if (form == Form::component) {
    out.push_back(prefix_scan(component_prefix(folded)));
  } else if (context.modifier == Modifier::exact) {
    out.push_back(exact_scan(value_term(folded, raw)));
  } else if (context.modifier == Modifier::contains) {
    auto predicate =
        std::make_shared<const TermPredicate>([folded](std::string_view term) { return term_contains(term, folded); });
    out.push_back(range_scan(std::string(1, tag_value), std::string(1, tag_after_windows), std::move(predicate)));
  } else {
    out.push_back(beginning_with(folded));
  }
  return {};
}

std::string_view string_sort_key(std::string_view term) {
  if (term.front() != tag_value) return {};
  const std::size_t end = term.find('\0');
  if (end == std::string_view::npos || term.substr(end + 1) == std::string_view(&mark_further, 1)) return {};
  return term.substr(1, end - 1);
}

}  // namespace search
