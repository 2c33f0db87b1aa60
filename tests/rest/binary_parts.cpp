// What Binary is made of: base64, ranges, the mark of a subset.
#include <catch2/catch.hpp>
#include <iostream>
#include <random>

#include "fhir/rest/base64.h"
#include "fhir/rest/binary_content.h"
#include "fhir/rest/byte_range.h"
#include "resources-gen/fhirpath/encoding.h"

using rest::ByteRange;

TEST_CASE("base64 agrees with another encoder, in pieces and whole, and refuses what is none") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 400; ++i) {
    std::string bytes(random() % 200, ' ');
    for (auto& c : bytes) c = static_cast<char>(i % 2 == 0 ? random() % 128 : random());
    std::string whole, pieces, back;
    rest::append_base64(whole, bytes);
    CHECK(whole.size() == rest::base64_size(bytes.size()));
    if (i % 2 == 0 && !bytes.empty()) CHECK(whole == fhirpath::encode(bytes, "base64"));
    for (std::size_t from = 0; from < bytes.size();) {
      const auto size = std::min<std::size_t>(bytes.size() - from, 3 * (1 + random() % 20));
      rest::append_base64(pieces, std::string_view(bytes).substr(from, size));
      from += size;
    }
    CHECK(pieces == whole);
    auto spaced = whole;
    if (!spaced.empty()) spaced.insert(random() % spaced.size(), " \r\n\t");
    REQUIRE(rest::append_decoded(back, spaced));
    CHECK(back == bytes);
  }
  for (const char* text : {"a", "ab", "abc", "ab=", "a===", "abcd=", "=abc", "ab=c", "ab-_", "abcde", "abc?"}) {
    INFO(text);
    std::string out;
    CHECK_FALSE(rest::append_decoded(out, text));
  }
}

TEST_CASE("a range header is one part, the whole, or beyond") {
  struct Row {
    const char* header;
    std::uint64_t size;
    ByteRange::Kind kind;
    std::uint64_t first, count;
  };
  using Kind = ByteRange::Kind;
  for (const auto& row : {Row{"", 10, Kind::whole, 0, 0},
                          {"bytes=0-0", 10, Kind::part, 0, 1},
                          {"Bytes = 2 - 5", 10, Kind::part, 2, 4},
                          {"bytes=9-", 10, Kind::part, 9, 1},
                          {"bytes=9-100", 10, Kind::part, 9, 1},
                          {"bytes=-3", 10, Kind::part, 7, 3},
                          {"bytes=-30", 10, Kind::part, 0, 10},
                          {"bytes=18446744073709551616-", 10, Kind::beyond, 0, 0},
                          {"bytes=0-", 0, Kind::beyond, 0, 0},
                          {"bytes=-1", 0, Kind::beyond, 0, 0},
                          {"bytes=", 10, Kind::whole, 0, 0},
                          {"bytes=-", 10, Kind::whole, 0, 0},
                          {"bytes=5", 10, Kind::whole, 0, 0},
                          {"bytes=1-2-3", 10, Kind::whole, 0, 0},
                          {"bytes=+1-2", 10, Kind::whole, 0, 0},
                          {"octets=1-2", 10, Kind::whole, 0, 0}}) {
    INFO(row.header);
    const auto range = rest::read_range(row.header, row.size);
    CHECK(range.kind == row.kind);
    if (row.kind == Kind::part) CHECK((range.first == row.first && range.size == row.count));
  }
}

TEST_CASE("the mark of a subset is taken out, and nothing else") {
  const std::string tag = R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";
  for (const auto& [marked, plain] : {
           std::pair{R"({"meta":{"versionId":"1","tag":[)" + tag + R"(]},"contentType":"a/b"})",
                     std::string(R"({"meta":{"versionId":"1"},"contentType":"a/b"})")},
           {R"({"meta":{"tag":[)" + tag + "]}}", R"({"meta":{}})"},
           {R"({"meta":{"tag":[{"code":"x"},)" + tag + "]}}", R"({"meta":{"tag":[{"code":"x"}]}})"},
           {R"({"contentType":"a/b"})", R"({"contentType":"a/b"})"},
       }) {
    CHECK(rest::without_subset_mark(marked) == plain);
  }
}
