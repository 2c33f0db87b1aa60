// tests/cases/search: tables that someone who knows FHIR can review. Its README has their form.
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/search/types_support.h"
#include "tests/support/data.h"

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

json::value read(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return json::parse(text.str());
}

// "true", "false" or "error".
std::string outcome(const search::DocumentTerms& terms, std::string_view query) {
  std::string why;
  const std::optional<search::Clause> clause = types_test::clause_of(terms.type, query, &why);
  if (!clause) {
    // A refusal names the parameter.
    CHECK(why.find(query.substr(0, query.find_first_of(":="))) != std::string::npos);
    return "error";
  }
  return search::matches(terms, *clause) ? "true" : "false";
}

}  // namespace

TEST_CASE("a resource matches a query value as R4 says, row by row", "[types]") {
  std::size_t rows = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(KILN_SOURCE_DIR) / "tests/cases/search")) {
    if (entry.path().extension() != ".json") continue;
    const json::value groups = read(entry.path());
    for (const json::value& group : groups.as_array()) {
      const auto terms = types_test::terms_of(json::serialize(group.at("resource")));
      for (const json::value& row : group.at("rows").as_array()) {
        const std::string query(row.at(0).as_string());
        const std::string expected =
            row.at(1).is_bool() ? (row.at(1).as_bool() ? "true" : "false") : std::string(row.at(1).as_string());
        INFO(entry.path().filename() << ": " << query << " (" << row.at(2).as_string() << ")");
        CHECK(outcome(*terms, query) == expected);
        ++rows;
      }
    }
  }
  CHECK(rows > 500);
}

TEST_CASE("the number and string rows of another server's tests", "[types]") {
  const std::optional<fs::path> file = tests::official_data("search-cases.json");
  if (!file) return;
  const json::value all = read(*file);
  std::size_t rows = 0;
  for (const json::value& row : all.at("cases").as_array()) {
    const json::array& fixtures = all.at("fixtures").at(row.at("suite").as_string()).as_array();
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < fixtures.size(); ++i) {
      const auto terms = types_test::terms_of(json::serialize(fixtures[i]));
      bool all_match = true;
      for (const json::value& parameter : row.at("params").as_array()) {
        const std::string query = std::string(parameter.at(0).as_string()) + "=" + std::string(parameter.at(1).as_string());
        all_match = all_match && types_test::matches(*terms, query);
      }
      if (all_match) found.push_back(static_cast<std::int64_t>(i));
    }
    std::vector<std::int64_t> expected;
    for (const json::value& index : row.at("expect").as_array()) expected.push_back(index.as_int64());
    INFO(row.at("id").as_string());
    CHECK(found == expected);
    ++rows;
  }
  CHECK(rows == 53);
}
