// The JSON grammar itself (RFC 8259), before any meaning.

#include <catch2/catch.hpp>
#include <random>

#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/json_tape.h"
#include "tests/formats/support.h"

namespace {

struct Broken {
  std::string_view text;
  const char* says;
  std::size_t offset;
};

using namespace std::string_view_literals;

const Broken broken[] = {
    {"", "a JSON value is expected", 0},
    {" ", "a JSON value is expected", 1},
    {"{", "inside an object", 1},
    {"[", "inside an array", 1},
    {"[1", "inside an array", 2},
    {"{\"a\":1", "inside an object", 6},
    {"{\"a\"", "':'", 4},
    {"{\"a\":", "a JSON value is expected", 5},
    {"{\"a\" 1}", "':'", 5},
    {"{a:1}", "double quotes", 1},
    {"{1:1}", "double quotes", 1},
    {"{'a':1}", "double quotes", 1},
    {"{\"a\":1,}", "double quotes", 7},
    {"[1,]", "expected a JSON value", 3},
    {"[,1]", "expected a JSON value", 1},
    {"[1 2]", "',' or ']'", 3},
    {"{\"a\":1 \"b\":2}", "',' or '}'", 7},
    {"[1}", "',' or ']'", 2},
    {"{\"a\":1]", "',' or '}'", 6},
    {"]", "expected a JSON value", 0},
    {"[]]", "behind the end", 2},
    {"{}{}", "behind the end", 2},
    {"1 1", "behind the end", 2},
    {"// a\n1", "expected a JSON value", 0},
    {"[1]/**/", "behind the end", 3},
    {"NaN", "expected a JSON value", 0},
    {"Infinity", "expected a JSON value", 0},
    {"-Infinity", "digit", 1},
    {"+1", "expected a JSON value", 0},
    {"-", "digit", 1},
    {"01", "leading zero", 1},
    {"-01", "leading zero", 2},
    {".5", "expected a JSON value", 0},
    {"1.", "digit", 2},
    {"1.e1", "digit", 2},
    {"1e", "digit", 2},
    {"1e+", "digit", 3},
    {"0x10", "behind the end", 1},
    {"1a", "behind the end", 1},
    {"tru", "expected a JSON value", 0},
    {"truE", "expected a JSON value", 0},
    {"nulll", "behind the end", 4},
    {"True", "expected a JSON value", 0},
    {"\"", "inside a string", 1},
    {"\"abc", "inside a string", 4},
    {"\"abcdefghijklmnopqrstuvwxyz0123456789", "inside a string", 37},
    {"\"a\nb\"", "control character", 2},
    {"\"a\tb\"", "control character", 2},
    {"\"\x1f\"", "control character", 1},
    {"\"a\0b\""sv, "control character", 2},
    {"\"abcdefghijklmnopq\x01rstuvwxyz0123456789\"", "control character", 18},
    {"\"\\", "inside a string", 2},
    {"\"\\x41\"", "no such escape", 1},
    {"\"\\'\"", "no such escape", 1},
    {"\"\\u12\"", "four hexadecimal", 1},
    {"\"\\u12g4\"", "four hexadecimal", 1},
    {"\"\\u", "four hexadecimal", 1},
    {"\"\\ud800\"", "high surrogate", 1},
    {"\"\\ud800x\"", "high surrogate", 1},
    {"\"\\ud800\\n\"", "high surrogate", 1},
    {"\"\\ud800\\ud800\"", "high surrogate", 1},
    {"\"\\udc00\"", "low surrogate", 1},
    {"\"\\udc00\\ud800\"", "low surrogate", 1},
    {"\"\xff\"", "UTF-8", 1},
    {"\"\xc3\"", "UTF-8", 1},
    {"\"\xc0\x80\"", "UTF-8", 1},
    {"\"\xed\xa0\x80\"", "UTF-8", 1},
    {"\"\xf4\x90\x80\x80\"", "UTF-8", 1},
    {"\"\xe2\x82\xac\xe2\x82\"", "UTF-8", 4},
    {"\xfe\xff\0{"sv, "UTF-8", 0},
    {"\xef\xbb\xbf", "a JSON value is expected", 3},
    {"{\xef\xbb\xbf}", "double quotes", 1},
    {"\v1", "expected a JSON value", 0},
    {"\xc2\xa0"
     "1",
     "expected a JSON value", 0},
    {"{}\0"sv, "behind the end", 2},
};

const std::string_view good[] = {
    "0",
    "-0",
    "-0.0e-0",
    "1E+2",
    "10.50",
    "123456789012345678901234567890",
    "1e400",
    "true",
    "false",
    "null",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "{\"\":{}}",
    "[{},[],{\"a\":[]}]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"",
    "\"\x7f\"",
    "\" \xc2\x80 \xf0\x9f\x98\x80\"",
    "[1 , 2\t,\n3\r]",
    " { \"a\" : [ true , false , null ] , \"b\" : \"x\" } ",
    "\"\\u0000\"",
    "\xef\xbb\xbf[]",
};

}  // namespace

TEST_CASE("texts that are not JSON are refused where they break") {
  formats::JsonTape tape;
  for (const Broken& row : broken) {
    CAPTURE(row.text);
    const auto fault = tape.read(row.text, 100);
    CHECK_THAT(fault.message, Catch::Contains(row.says));
    CHECK(fault.offset == row.offset);
    CHECK(!fault.too_large);
    const auto result = formats::read_json(row.text, model::r4());
    CHECK(result.malformed);
    CHECK(!result.ok());
    CHECK(result.tree.empty());
    REQUIRE(result.issues.size() == 1);
    CHECK(result.issues.begin()->line > 0);
  }
}

TEST_CASE("texts that are JSON are read, and minified") {
  formats::JsonTape tape;
  for (const auto text : good) {
    CAPTURE(text);
    CHECK(tape.read(text, 100).message == "");
    CHECK(tape.source() == tests::minified(text));
    CHECK(tape.stop(0) == tape.source().size());
    CHECK(tape.after(0) == tape.size());
  }
}

TEST_CASE("nesting is allowed to the depth asked for") {
  formats::JsonTape tape;
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(tape.read(nested(7), 7).message == "");
  const auto fault = tape.read(nested(8), 7);
  CHECK(fault.too_large);
  CHECK(fault.offset == 7);
}

TEST_CASE("places lead back from the minified text") {
  const std::string text = "\xef\xbb\xbf{ \"a b\" :\n\t[ 1,\r\n  \"\\\" x\" , {} ]\n}\n";
  formats::JsonTape tape;
  REQUIRE(tape.read(text, 100).message == "");
  const std::string minified(tape.source());
  REQUIRE(minified == R"({"a b":[1,"\" x",{}]})");
  const auto offset = [&](std::string_view part) { return static_cast<std::uint32_t>(minified.find(part)); };
  const auto places =
      formats::places_of_minified(text, {0, 0, offset("[1"), offset("1,"), offset(R"("\" x)"), offset("{}"), 1000});
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected = {{1, 1}, {1, 1}, {2, 2}, {2, 4}, {3, 3}, {3, 12}, {5, 1}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(places[i].line == expected[i].first);
    CHECK(places[i].column == expected[i].second);
  }
}

TEST_CASE("strings go to JSON and back") {
  std::string all;
  for (unsigned code = 0; code < 128; ++code) all += static_cast<char>(code);
  all += "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  std::string json;
  formats::append_string(json, all);
  CHECK(json.starts_with(R"("\u0000\u0001)"));
  formats::JsonTape tape;
  REQUIRE(tape.read(json, 1).message == "");
  std::string back;
  formats::append_unescaped(back, tape.raw_string(0));
  CHECK(back == all);

  back.clear();
  formats::append_unescaped(back, R"(\u00e4\u20ac\ud83d\ude00\/\b\f\n\r\t\"\\x)");
  CHECK(back == "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/\b\f\n\r\t\"\\x");
}

TEST_CASE("broken UTF-8 never reaches the output") {
  const std::pair<std::string, std::string> rows[] = {
      {"a\xff"
       "b",
       "\"a\xef\xbf\xbd"
       "b\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xe2\x82x", "\"\xef\xbf\xbd\xef\xbf\xbdx\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const auto& [text, expected] : rows) {
    std::string json;
    formats::append_string(json, text);
    CHECK(json == expected);
  }
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  formats::JsonTape tape;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = static_cast<char>(random() % 3 ? 0x80 + random() % 128 : random() % 128);
    std::string json;
    formats::append_string(json, text);
    REQUIRE(tape.read(json, 1).message == "");
  }
}
