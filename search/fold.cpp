#include "search/fold.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "search/parameter_types.h"

namespace search {
namespace {

// What an ASCII byte folds to: itself in lower case; ' ' for white space; 0 for what is dropped (punctuation of Unicode's classes
// P*, controls). $ + < = > ^ ` | ~ are symbols, not punctuation, and stay.
constexpr std::array<char, 128> ascii_fold() {
  std::array<char, 128> table{};
  for (int c = 33; c < 127; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const char c : std::string_view("!\"#%&'()*,-./:;?@[\\]_{}")) table[static_cast<std::size_t>(c)] = 0;
  for (const char c : std::string_view("\t\n\v\f\r ")) table[static_cast<std::size_t>(c)] = ' ';
  return table;
}
constexpr std::array<char, 128> ascii = ascii_fold();

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// One space for each run of white space, none at the ends.
class Collapsing {
 public:
  explicit Collapsing(std::size_t size) { out_.reserve(size); }
  void space() { pending_ = !out_.empty(); }
  std::string& next() {
    if (pending_) out_.push_back(' ');
    pending_ = false;
    return out_;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  bool pending_ = false;
};

std::string fold_ascii(std::string_view text, bool keep_punctuation) {
  Collapsing out(text.size());
  for (const char c : text) {
    const char folded = ascii[static_cast<std::size_t>(c)];
    if (folded == ' ') {
      out.space();
    } else if (folded) {
      out.next().push_back(folded);
    } else if (keep_punctuation && c > 32) {
      out.next().push_back(c);
    }
  }
  return out.take();
}

const icu::Normalizer2& nfd() {
  UErrorCode error = U_ZERO_ERROR;
  static const icu::Normalizer2* instance = icu::Normalizer2::getNFDInstance(error);
  if (!instance) throw std::runtime_error("ICU has no NFD data");
  return *instance;
}

// Letters with a stroke or ligature have no canonical decomposition; their base characters are as R4 means them.
char32_t base_letter(char32_t c) {
  switch (c) {
    case 0x142:
      return 'l';  // l with stroke
    case 0xf8:
      return 'o';  // o with stroke
    case 0x111:
      return 'd';  // d with stroke
    case 0x127:
      return 'h';  // h with stroke
    case 0x167:
      return 't';  // t with stroke
    case 0x131:
      return 'i';  // dotless i
    default:
      return c;
  }
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

// What NFD may move: a mark, or what decomposes to marks alone.
bool is_movable(UChar32 c) { return c >= 0x300 && u_getIntPropertyValue(c, UCHAR_LEAD_CANONICAL_COMBINING_CLASS) != 0; }

// Each run of marks in canonical order already, without those that folding drops. Else NFD would move them one by one, in time
// that grows with the square of a run's length: Unicode has no limit of it (UAX #15 section 13 would cut it at 30).
icu::UnicodeString with_marks_in_order(const icu::UnicodeString& text) {
  constexpr UChar32 ypogegrammeni = 0x345;  // a mark whose folded form is a letter
  icu::UnicodeString out;
  std::vector<UChar32> run;
  const auto end_run = [&] {
    std::stable_sort(run.begin(), run.end(),
                     [](UChar32 a, UChar32 b) { return u_getCombiningClass(a) < u_getCombiningClass(b); });
    for (const UChar32 mark : run) out.append(mark);
    run.clear();
  };
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (!is_movable(c)) {
      end_run();
      out.append(c);
    } else if (u_charType(c) != U_NON_SPACING_MARK || c == ypogegrammeni) {
      run.push_back(c);
    }
  }
  end_run();
  return out;
}

std::string fold_unicode(std::string_view text, bool keep_punctuation) {
  UErrorCode error = U_ZERO_ERROR;
  icu::UnicodeString decomposed = nfd().normalize(with_marks_in_order(from_utf8(text)), error);
  if (U_FAILURE(error)) throw std::runtime_error("ICU could not normalize a string");
  decomposed.foldCase();
  Collapsing out(text.size());
  for (int32_t i = 0; i < decomposed.length();) {
    const UChar32 c = decomposed.char32At(i);
    i = decomposed.moveIndex32(i, 1);
    if (u_isUWhiteSpace(c)) {
      out.space();
      continue;
    }
    const uint32_t category = U_GET_GC_MASK(c);
    if (category & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CC_MASK | U_GC_CF_MASK)) continue;
    if ((category & U_GC_P_MASK) && !keep_punctuation) continue;
    append_utf8(out.next(), base_letter(static_cast<char32_t>(c)));
  }
  return out.take();
}

std::string fold_with(std::string_view text, bool keep_punctuation) {
  return is_ascii(text) ? fold_ascii(text, keep_punctuation) : fold_unicode(text, keep_punctuation);
}

// American Soundex of one word of a to z.
std::string soundex(std::string_view word) {
  //                                a    b    c    d    e    f    g    h    i    j    k    l    m    n    o    p    q    r    s t
  //                                u    v    w    x    y    z
  constexpr std::array<char, 26> codes = {'0', '1', '2', '3', '0', '1', '2', '-', '0', '2', '2', '4', '5',
                                          '5', '0', '1', '2', '6', '2', '3', '0', '1', '-', '2', '0', '2'};
  std::string out(1, static_cast<char>(word.front() - 32));
  char last = codes[static_cast<std::size_t>(word.front() - 'a')];
  for (const char c : word.substr(1)) {
    const char code = codes[static_cast<std::size_t>(c - 'a')];
    if (code == '-') continue;  // h and w do not separate equal codes, vowels do
    if (code != '0' && code != last && out.size() < 4) out.push_back(code);
    last = code;
  }
  out.resize(4, '0');
  return out;
}

}  // namespace

std::string fold(std::string_view text) {
  std::string folded = fold_with(text, false);
  // A text of nothing but punctuation would fold to the prefix of everything.
  if (folded.empty()) folded = fold_with(text, true);
  return folded;
}

std::string fold_case(std::string_view text) {
  if (is_ascii(text)) {
    std::string out(text);
    for (char& c : out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
  }
  icu::UnicodeString folded = from_utf8(text);
  folded.foldCase();
  std::string out;
  folded.toUTF8String(out);
  return out;
}

std::string phonetic(std::string_view text) {
  // Punctuation separates words here: the parts of Smith-Jones are heard apart.
  std::string spaced;
  for (const char c : text) spaced.push_back(c == '-' || c == ',' || c == '.' ? ' ' : c);
  const std::string folded = fold(spaced);
  std::string out;
  for (std::size_t start = 0; start < folded.size();) {
    const std::size_t end = std::min(folded.find(' ', start), folded.size());
    const std::string_view word = std::string_view(folded).substr(start, end - start);
    const bool latin = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!word.empty()) out.append(latin ? soundex(word) : std::string(word)).push_back(' ');
    start = end + 1;
  }
  return out;
}

}  // namespace search
