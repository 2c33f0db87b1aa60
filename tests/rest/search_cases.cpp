// The published number and string searches through the whole service: each resource is created, each query asked by GET and by
// POST _search.

#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/rest/fixture.h"
#include "tests/support/data.h"

namespace {

namespace json = boost::json;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Places of a searchset's matches, following `next` to the end: more often than once if it is there more often.
std::multiset<std::string> matches(tests::Fixture& fixture, rest::Response answer) {
  const std::string base = "http://kiln.test/fhir";
  std::multiset<std::string> found;
  while (true) {
    INFO(tests::body_of(answer));
    REQUIRE(answer.status == 200);
    const auto page = json::parse(tests::body_of(answer)).as_object();
    REQUIRE(page.at("type").as_string() == "searchset");
    if (const auto* entries = page.if_contains("entry")) {
      for (const auto& entry : entries->as_array()) {
        const auto& search = entry.at("search").as_object();
        CHECK(search.at("mode").as_string() == "match");  // an OperationOutcome here would say that a parameter was not applied
        found.insert(std::string(entry.at("fullUrl").as_string()));
      }
    }
    std::string next;
    for (const auto& link : page.at("link").as_array()) {
      if (link.at("relation").as_string() == "next") next = std::string(link.at("url").as_string());
    }
    if (next.empty()) return found;
    REQUIRE(next.starts_with(base));
    answer = fixture.ask("GET", next.substr(base.size()));
  }
}

}  // namespace

TEST_CASE("the 53 published number and string searches, by GET, by POST and in pages") {
  const auto path = tests::official_data("search-cases.json");
  if (!path) return;
  const auto all = json::parse(read_file(*path)).as_object();
  tests::Fixture fixture;
  std::map<std::string, std::vector<std::string>> places;  // by suite, in the fixtures' order
  for (const auto& [suite, resources] : all.at("fixtures").as_object()) {
    for (const auto& resource : resources.as_array()) {
      const std::string type(resource.at("resourceType").as_string());
      const auto created = fixture.ask("POST", "/" + type, json::serialize(resource));
      INFO(tests::body_of(created));
      REQUIRE(created.status == 201);
      const auto version = tests::header(created, "Location");
      places[suite].push_back(version.substr(0, version.find("/_history/")));
    }
  }
  std::size_t rows = 0;
  for (const auto& row : all.at("cases").as_array()) {
    const std::string url(row.at("url").as_string());
    const std::string type(row.at("resourceType").as_string());
    const auto& suite = places.at(std::string(row.at("suite").as_string()));
    std::multiset<std::string> expected;
    for (const auto& index : row.at("expect").as_array()) expected.insert(suite.at(index.to_number<std::size_t>()));

    INFO(row.at("id").as_string() << ": " << url);
    const auto question = url.find('?');
    REQUIRE(url.substr(0, question) == type);
    const tests::Fixture::Headers strict = {{"Prefer", "handling=strict"}};
    CHECK(matches(fixture, fixture.ask("GET", "/" + url, {}, strict)) == expected);
    CHECK(matches(fixture, fixture.ask("GET", "/" + url + "&_count=2", {}, strict)) == expected);
    tests::Fixture::Headers form = strict;
    form.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    CHECK(matches(fixture, fixture.ask("POST", "/" + type + "/_search", url.substr(question + 1), form)) == expected);
    ++rows;
  }
  CHECK(rows == 53);
}
