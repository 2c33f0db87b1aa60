#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "search/fold.h"
#include "search/parameter_types.h"
#include "search/term_bytes.h"

TEST_CASE("strings fold to their base characters", "[types]") {
  struct Row {
    const char* text;
    const char* folded;
  };
  const Row rows[] = {
      {"", ""},
      {"Smith", "smith"},
      {"  O'Brien -\t Smith  ", "obrien smith"},
      {"Jürgen", "jurgen"},
      {"Ju\u0308rgen", "jurgen"},  // the same, decomposed
      {"STRASSE", "strasse"},
      {"Straße", "strasse"},
      {"Łódź", "lodz"},
      {"Søren Đorđe", "soren dorde"},
      {"İstanbul", "istanbul"},
      {"ΑΚΑΚΊΑΣ", "ακακιασ"},
      {"Ακακίας", "ακακιασ"},
      {"Ёлка", "елка"},
      {"„Anführung“ – Strich", "anfuhrung strich"},
      {"a\u00a0b\u3000c", "a b c"},
      {"zero\u200bwidth", "zerowidth"},
      {"$1+2=3", "$1+2=3"},
      {"***", "***"},
      {"…", "…"},
      {" - ", "-"},
      {"\xff\xfe broken", "\ufffd\ufffd broken"},
  };
  for (const Row& row : rows) {
    CHECK(search::fold(row.text) == row.folded);
    CHECK(search::fold(search::fold(row.text)) == search::fold(row.text));
  }
}

namespace {

std::string utf8(const std::vector<UChar32>& points) {
  icu::UnicodeString text;
  for (const UChar32 c : points) text.append(c);
  std::string out;
  return text.toUTF8String(out);
}

// NFD of all, then case folding, then what is kept: as the rule is said, in quadratic time. Neither spaces nor punctuation.
std::string plainly_folded(const std::vector<UChar32>& points) {
  UErrorCode error = U_ZERO_ERROR;
  auto text = icu::Normalizer2::getNFDInstance(error)->normalize(icu::UnicodeString::fromUTF8(utf8(points)), error);
  REQUIRE(U_SUCCESS(error));
  text.foldCase();
  std::vector<UChar32> kept;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if ((U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CC_MASK | U_GC_CF_MASK)) == 0)
      kept.push_back(c == 0xf8 ? 'o' : c);  // the base letter of one with a stroke
  }
  return utf8(kept);
}

}  // namespace

TEST_CASE("marks in any order fold as their canonical order does", "[types]") {
  std::vector<UChar32> marks, of_marks, with_marks;  // of a class; of none, but decomposed to marks; letters with marks
  UErrorCode error = U_ZERO_ERROR;
  const auto& nfd = *icu::Normalizer2::getNFDInstance(error);
  int kept = 0;
  for (UChar32 c = 0x80; c < 0x110000; ++c) {
    if (u_isUWhiteSpace(c) || U_GET_GC_MASK(c) & (U_GC_P_MASK | U_GC_CS_MASK | U_GC_CN_MASK)) continue;
    icu::UnicodeString parts;
    if (u_getCombiningClass(c) != 0) {
      marks.push_back(c);
      if (!plainly_folded({'a', c}).ends_with('a')) ++kept;
    } else if (nfd.getDecomposition(c, parts) && u_getCombiningClass(parts.char32At(0)) != 0) {
      of_marks.push_back(c);
    } else if (u_getIntPropertyValue(c, UCHAR_TRAIL_CANONICAL_COMBINING_CLASS) != 0) {
      with_marks.push_back(c);
    }
  }
  REQUIRE(marks.size() > 800);
  REQUIRE(kept > 10);  // tone marks of Hangul, viramas, U+0345
  REQUIRE(of_marks.size() >= 3);
  REQUIRE(with_marks.size() > 700);
  for (const auto* list : {&marks, &of_marks, &with_marks}) {
    for (const UChar32 c : *list) {
      for (const UChar32 other : {0x301, 0x316, 0x345, 0x302e, 0x1b44}) {
        const std::vector<UChar32> text{'x', c, other, c, 'y'};
        INFO(utf8(text));
        CHECK(search::fold(utf8(text)) == plainly_folded(text));
      }
    }
  }
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto one_of = [&](const std::vector<UChar32>& list) { return list[random() % list.size()]; };
  const std::vector<UChar32> others{'b', 'Q', 0x345, 0x302e, 0x1d165, 0x34f, 0xd55c, 0x20dd, 0x3b1};
  for (int i = 0; i < 5000; ++i) {
    std::vector<UChar32> text{'a'};
    for (std::size_t size = random() % 60; text.size() < size;) {
      const auto which = random() % 8;
      text.push_back(which < 4 ? one_of(marks) : which < 6 ? one_of(others) : one_of(which == 6 ? of_marks : with_marks));
    }
    INFO(utf8(text));
    REQUIRE(search::fold(utf8(text)) == plainly_folded(text));
  }
}

TEST_CASE("a long run of marks folds in linear time", "[types]") {
  // In the square of the length it would be minutes.
  const auto repeated = [](std::string_view text, int times) {
    std::string out = "a";
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  const int pairs = 200'000;
  CHECK(search::fold(repeated("\u0301\u0316", pairs)) == "a");
  CHECK(search::fold(repeated("\u0f73\u0f71", pairs)) == "a");  // the first has no class, but decomposes to marks
  const std::string kept = search::fold(repeated("\u0345\u302e", pairs));
  REQUIRE(kept.size() == 1 + 5 * static_cast<std::size_t>(pairs));
  CHECK(kept.starts_with("a\u302e\u302e"));
  CHECK(kept.ends_with("\u03b9\u03b9"));
  CHECK(search::phonetic(repeated("\u0301\u0316", pairs)) == "A000 ");
}

TEST_CASE("tokens of type string fold in case only", "[types]") {
  CHECK(search::fold_case("Jim.Chalmers@Example.ORG") == "jim.chalmers@example.org");
  CHECK(search::fold_case("É-1") == "é-1");
}

TEST_CASE("names that sound alike have the same codes", "[types]") {
  CHECK(search::phonetic("Robert") == "R163 ");
  CHECK(search::phonetic("Rupert") == "R163 ");
  CHECK(search::phonetic("Ashcraft") == "A261 ");  // h does not separate
  CHECK(search::phonetic("Tymczak") == "T522 ");
  CHECK(search::phonetic("Pfister") == "P236 ");
  CHECK(search::phonetic("Smith-Jones") == "S530 J520 ");
  CHECK(search::phonetic("山田 Lee") == "山田 L000 ");
  CHECK(search::phonetic("--").empty());
}

TEST_CASE("frames keep the order of terms", "[types]") {
  const std::string terms[] = {std::string(),
                               std::string("\0", 1),
                               std::string("\0a", 2),
                               "a",
                               std::string("a\0", 2),
                               std::string("a\0b", 3),
                               "a\x01",
                               "ab",
                               "b"};
  for (const std::string& a : terms) {
    for (const std::string& b : terms) {
      std::string framed_a, framed_b, escaped_b;
      search::put_frame(framed_a, a);
      search::put_frame(framed_b, b);
      search::put_escaped(escaped_b, b);
      CHECK((framed_a < framed_b) == (a < b));
      CHECK((framed_a < escaped_b) == (a < b));
    }
    std::string framed, taken;
    search::put_frame(framed, a);
    framed += "rest";
    std::string_view bytes = framed;
    CHECK(search::take_frame(bytes, taken));
    CHECK(taken == a);
    CHECK(bytes == "rest");
  }
  std::string_view broken("ab", 2);
  std::string taken;
  CHECK_FALSE(search::take_frame(broken, taken));
}

TEST_CASE("the hash of terms is SipHash-2-4 and does not change", "[types]") {
  // On disk in segments. Made by another implementation, which yields the paper's own vector.
  CHECK(search::hash64("", 1) == 0x16f612088a99a5bd);
  CHECK(search::hash64("abc", 3) == 0x359504264b8e128a);
  CHECK(search::hash64("abcdefgh", 1) == 0x0e0d4c99119c1bf7);
  CHECK(search::hash64("The quick brown fox", 2) == 0xeebcd43582ad6cad);
}
