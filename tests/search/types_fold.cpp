#include <catch2/catch.hpp>
#include <string>

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
