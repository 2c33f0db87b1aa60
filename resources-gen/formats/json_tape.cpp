#include "resources-gen/formats/json_tape.h"

#include <nmmintrin.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "resources-gen/formats/json_strings.h"

namespace formats {
namespace {

constexpr std::size_t block = 16;  // bytes of one SSE register
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline const char* skip_space(const char* p, const char* end) {
  // Most tokens follow each other at once, or after one space.
  if (p == end || !is_space(*p)) return p;
  if (++p == end || !is_space(*p)) return p;
  while (end - p >= static_cast<std::ptrdiff_t>(block)) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i spaces =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'))));
    const unsigned others = static_cast<unsigned>(_mm_movemask_epi8(spaces)) ^ 0xffffU;
    if (others) return p + __builtin_ctz(others);
    p += block;
  }
  while (p != end && is_space(*p)) ++p;
  return p;
}

// A step over the text that also copies: where both sides stand afterwards, and what was wrong (null: nothing).
struct Step {
  const char* p;
  char* out;
  const char* fault = nullptr;
  bool escaped = false;
};

// One escape: `p` is at the backslash.
Step copy_escape(const char* p, const char* end, char* out) {
  if (end - p < 2) return {end, out, "the text ends inside a string"};
  std::size_t size = 2;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      break;
    case 'u': {
      const int unit = hex4(p + 2, end);
      if (unit < 0) return {p, out, "\\u needs four hexadecimal digits"};
      size = 6;
      if (unit >= 0xdc00 && unit <= 0xdfff) return {p, out, "a low surrogate (\\u escape) without its high one"};
      if (unit >= 0xd800 && unit <= 0xdbff) {
        const int low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1;
        if (low < 0xdc00 || low > 0xdfff) return {p, out, "a high surrogate (\\u escape) without its low one"};
        size = 12;
      }
      break;
    }
    default:
      return {p, out, "no such escape in a string"};
  }
  std::memcpy(out, p, size);
  return {p + size, out + size};
}

// A string: `p` is at the opening quote, and ends behind the closing one. `out` has room for a block more than the text.
inline Step copy_string(const char* p, const char* end, char* out) {
  *out++ = *p++;
  bool escaped = false;
  for (;;) {
    if (end - p >= static_cast<std::ptrdiff_t>(block)) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
      const __m128i ends =
          _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
      const unsigned found = static_cast<unsigned>(_mm_movemask_epi8(ends));
      if (!found) {
        p += block;
        out += block;
        continue;
      }
      const int at = __builtin_ctz(found);
      p += at;
      out += at;
    } else {
      while (p != end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) *out++ = *p++;
      if (p == end) return {p, out, "the text ends inside a string"};
    }
    if (*p == '"') {
      *out++ = *p++;
      return {p, out, nullptr, escaped};
    }
    if (*p != '\\') return {p, out, "a control character inside a string: it must be escaped"};
    escaped = true;
    const Step step = copy_escape(p, end, out);
    if (step.fault) return step;
    p = step.p;
    out = step.out;
  }
}

// A number: `p` is at '-' or a digit.
inline Step copy_number(const char* p, const char* end, char* out) {
  const auto digits = [&] {
    const char* const start = p;
    while (p != end && is_digit(*p)) *out++ = *p++;
    return p != start;
  };
  if (*p == '-') *out++ = *p++;
  if (p != end && *p == '0') {
    *out++ = *p++;
    if (p != end && is_digit(*p)) return {p, out, "a number with a leading zero"};
  } else if (!digits()) {
    return {p, out, "a number needs a digit here"};
  }
  if (p != end && *p == '.') {
    *out++ = *p++;
    if (!digits()) return {p, out, "a number needs a digit here"};
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    *out++ = *p++;
    if (p != end && (*p == '+' || *p == '-')) *out++ = *p++;
    if (!digits()) return {p, out, "a number needs a digit here"};
  }
  return {p, out};
}

inline Step copy_literal(const char* p, const char* end, char* out, std::string_view literal) {
  if (static_cast<std::size_t>(end - p) < literal.size() || std::memcmp(p, literal.data(), literal.size()) != 0) {
    return {p, out, "expected a JSON value"};
  }
  std::memcpy(out, p, literal.size());
  return {p + literal.size(), out + literal.size()};
}

}  // namespace

std::size_t first_broken_utf8(std::string_view text) {
  // Halving finds the shortest broken prefix; a prefix cut inside a sequence counts as broken, so step to sequence starts first.
  std::size_t good = 0, bad = text.size();
  while (bad - good > 64) {
    std::size_t middle = good + (bad - good) / 2;
    while (middle > good && (static_cast<unsigned char>(text[middle]) & 0xc0) == 0x80) --middle;
    if (middle == good) break;
    if (simdjson::validate_utf8(text.data() + good, middle - good)) {
      good = middle;
    } else {
      bad = middle;
    }
  }
  while (good < bad) {
    std::size_t size = 1;
    while (good + size < bad && (static_cast<unsigned char>(text[good + size]) & 0xc0) == 0x80) ++size;
    if (!simdjson::validate_utf8(text.data() + good, size)) break;
    good += size;
  }
  return good;
}

void JsonTape::reserve(std::size_t text_size) {
  const std::size_t needed = text_size + 2 * block;
  if (source_capacity_ < needed) {
    source_.reset();  // never two at once
    source_capacity_ = std::max<std::size_t>(needed, 16'384);
    source_.reset(new char[source_capacity_]);
  }
  if (token_capacity_ == 0) {
    token_capacity_ = 1024;
    tokens_.reset(new Token[token_capacity_]);
  }
}

Token* JsonTape::grow_tokens() {
  const std::size_t old = token_capacity_;
  std::unique_ptr<Token[]> larger(new Token[old * 2]);
  std::memcpy(larger.get(), tokens_.get(), old * sizeof(Token));
  tokens_ = std::move(larger);
  token_capacity_ = old * 2;
  return tokens_.get() + old;
}

void JsonTape::shrink(std::size_t keep_bytes) {
  if (source_capacity_ > keep_bytes) {
    source_.reset();
    source_capacity_ = source_size_ = 0;
  }
  if (token_capacity_ * sizeof(Token) > keep_bytes) {
    tokens_.reset();
    token_capacity_ = token_count_ = 0;
  }
}

JsonTape::Fault JsonTape::read(std::string_view text, std::uint32_t max_depth) {
  token_count_ = source_size_ = values_ = 0;
  open_.clear();
  if (text.size() > max_text) return {"a JSON text of 2 GiB or more", 0, true};
  if (!simdjson::validate_utf8(text.data(), text.size())) return {"not UTF-8", first_broken_utf8(text)};
  reserve(text.size());

  // Locals, not members: stores through `out` (a char*) could alias members, and each would be loaded again.
  const char* p = text.data();
  const char* const end = p + text.size();
  char* const base = source_.get();
  char* out = base;
  Token* token = tokens_.get();
  Token* token_limit = token + token_capacity_;
  std::size_t values = 0;

  const auto fault = [&](const char* message, const char* at, bool too_large = false) {
    return Fault{message, static_cast<std::size_t>(at - text.data()), too_large};
  };
  const auto put = [&](std::uint32_t begin, std::uint32_t link) {
    if (token == token_limit) [[unlikely]] {
      token = grow_tokens();
      token_limit = tokens_.get() + token_capacity_;
    }
    *token++ = {begin, link};
  };
  const auto offset = [&] { return static_cast<std::uint32_t>(out - base); };

  // RFC 8259 section 8.1: a parser may ignore a byte order mark.
  if (text.starts_with(byte_order_mark)) p += byte_order_mark.size();

  bool in_object = false;
  for (;;) {  // each round reads one value, and the name before it in an object
    p = skip_space(p, end);
    if (in_object) {
      if (p == end) return fault("the text ends inside an object", p);
      if (*p != '"') return fault("expected a member's name in double quotes", p);
      const std::uint32_t begin = offset();
      const Step step = copy_string(p, end, out);
      if (step.fault) return fault(step.fault, step.p);
      p = step.p;
      out = step.out;
      put(begin, (offset() - begin) | (step.escaped ? escaped : 0));
      p = skip_space(p, end);
      if (p == end || *p != ':') return fault("expected ':' after a member's name", p);
      *out++ = *p++;
      p = skip_space(p, end);
    }
    if (p == end) return fault("the text ends where a JSON value is expected", p);

    const std::uint32_t begin = offset();
    Step step{};
    switch (*p) {
      case '"':
        step = copy_string(p, end, out);
        break;
      case '{':
      case '[': {
        if (open_.size() >= max_depth) return fault("objects and arrays are nested too deeply", p, true);
        open_.push_back(static_cast<TokenIndex>(token - tokens_.get()));
        in_object = *p == '{';
        values += in_object;
        put(begin, 0);
        *out++ = *p++;
        p = skip_space(p, end);
        if (p == end) return fault(in_object ? "the text ends inside an object" : "the text ends inside an array", p);
        if (*p != (in_object ? '}' : ']')) continue;
        goto close;
      }
      case 't':
        step = copy_literal(p, end, out, "true");
        break;
      case 'f':
        step = copy_literal(p, end, out, "false");
        break;
      case 'n':
        step = copy_literal(p, end, out, "null");
        break;
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9':
        step = copy_number(p, end, out);
        break;
      default:
        return fault("expected a JSON value", p);
    }
    if (step.fault) return fault(step.fault, step.p);
    p = step.p;
    out = step.out;
    ++values;
    put(begin, (offset() - begin) | (step.escaped ? escaped : 0));

    for (;;) {  // behind a value
      p = skip_space(p, end);
      if (open_.empty()) {
        if (p != end) return fault("text behind the end of the JSON value", p);
        source_size_ = static_cast<std::size_t>(out - base);
        token_count_ = static_cast<std::size_t>(token - tokens_.get());
        values_ = values;
        return {};
      }
      if (p == end) return fault(in_object ? "the text ends inside an object" : "the text ends inside an array", p);
      if (*p == ',') {
        *out++ = *p++;
        break;
      }
      if (*p != (in_object ? '}' : ']')) {
        return fault(in_object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an array's item", p);
      }
    close:
      put(offset(), 1);
      *out++ = *p++;
      tokens_[open_.back()].link = static_cast<TokenIndex>(token - tokens_.get());
      open_.pop_back();
      if (!open_.empty()) in_object = base[tokens_[open_.back()].begin] == '{';
    }
  }
}

Place place_of_offset(std::string_view text, std::size_t offset) {
  Place place;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    ++place.column;
    if (text[i] == '\n') place = {place.line + 1, 1};
  }
  return place;
}

std::vector<Place> places_of_minified(std::string_view text, const std::vector<std::uint32_t>& offsets) {
  std::vector<Place> places;
  places.reserve(offsets.size());
  Place place;
  std::uint32_t minified = 0;
  bool in_string = false;
  std::size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  for (; i < text.size() && places.size() < offsets.size(); ++i) {
    const char c = text[i];
    if (in_string || !is_space(c)) {
      while (places.size() < offsets.size() && offsets[places.size()] == minified) places.push_back(place);
      ++minified;
      if (c == '"') {
        in_string = !in_string;
      } else if (in_string && c == '\\') {  // the escaped byte is passed over with it
        ++i;
        ++minified;
        ++place.column;
      }
    }
    ++place.column;
    if (c == '\n') place = {place.line + 1, 1};
  }
  places.resize(offsets.size(), place);
  return places;
}

}  // namespace formats
