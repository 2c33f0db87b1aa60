#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/search/query_world.h"
#include "tests/support/data.h"

using query_test::World;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("the 53 published cases of number and string searches", "[query][data]") {
  const auto path = tests::official_data("search-cases.json");
  if (!path) return;
  const auto cases = boost::json::parse(read_file(*path)).as_object();
  World world;
  for (const auto& [suite, fixtures] : cases.at("fixtures").as_object()) {
    int index = 0;
    for (const auto& resource : fixtures.as_array()) {
      world.put(boost::json::serialize(resource), std::string(suite) + "-" + std::to_string(index++));
    }
  }
  int rows = 0;
  for (const auto& row : cases.at("cases").as_array()) {
    const auto& object = row.as_object();
    const std::string suite(object.at("suite").as_string());
    std::vector<std::string> expected, got = world.ids(std::string(object.at("url").as_string()));
    for (const auto& index : object.at("expect").as_array()) expected.push_back(suite + "-" + std::to_string(index.as_int64()));
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    INFO(object.at("id").as_string());
    CHECK(got == expected);
    ++rows;
  }
  CHECK(rows == 53);
}

// Every resource of a real bulk export is found by its id, its patient, its codes and its dates.
TEST_CASE("Synthea's export is found again", "[query][data]") {
  const auto folder = tests::official_data("synthea-ndjson");
  if (!folder) return;
  World world;
  world.options.max_count = 10000;
  struct Known {
    std::string type, id;
    boost::json::object json;
  };
  std::vector<Known> all;
  std::vector<std::string> batch;
  std::map<std::string, int> per_type;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (entry.path().extension() != ".ndjson") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (line.empty()) continue;
      auto json = boost::json::parse(line).as_object();
      const std::string type(json.at("resourceType").as_string()), id(json.at("id").as_string());
      if (++per_type[type] > 150) continue;  // enough of each type; all of them is `kiln import`'s test
      all.push_back({type, id, json});
      batch.push_back(std::move(line));
      if (batch.size() == 500) {
        world.put_together(batch);
        batch.clear();
      }
    }
  }
  world.put_together(batch);
  REQUIRE(all.size() > 1000);
  const auto found = [&](const Known& known, const std::string& query) {
    const auto ids = world.ids(known.type + "?_count=10000&" + query);
    INFO(known.type << "/" << known.id << " by " << query);
    CHECK(std::find(ids.begin(), ids.end(), known.id) != ids.end());
  };
  std::map<std::string, int> tried;
  const std::pair<const char*, const char*> dates[] = {
      {"effectiveDateTime", "date"}, {"onsetDateTime", "onset-date"}, {"authoredOn", "authoredon"},
      {"birthDate", "birthdate"},    {"occurrenceDateTime", "date"},  {"created", "created"},
  };
  int by_patient = 0, by_code = 0, by_date = 0;
  for (const Known& known : all) {
    CHECK(world.ids(known.type + "?_id=" + known.id) == std::vector<std::string>{known.id});
    if (++tried[known.type] > 40) continue;
    for (const char* member : {"subject", "patient"}) {
      const auto* reference = known.json.if_contains(member);
      if (reference == nullptr || !reference->is_object() || !reference->as_object().contains("reference")) continue;
      const std::string text(reference->at("reference").as_string());
      if (!text.starts_with("Patient/")) continue;
      found(known, "patient=" + text);
      found(known, "patient=" + text.substr(8));
      ++by_patient;
    }
    const auto* code = known.json.if_contains("code");
    if (code != nullptr && code->is_object() && code->as_object().contains("coding")) {
      const auto& coding = code->at("coding").at(0).as_object();
      const std::string value(coding.at("code").as_string()), system(coding.at("system").as_string());
      auto parsed = world.parse(known.type + "?code=" + value, true);
      if (parsed) {
        found(known, "code=" + value);
        found(known, "code=" + system + "%7C" + value);
        ++by_code;
      }
    }
    for (const auto& [member, parameter] : dates) {
      const auto* date = known.json.if_contains(member);
      if (date == nullptr || !date->is_string()) continue;
      const std::string text(date->as_string());
      if (!world.parse(known.type + "?" + parameter + "=2020", true)) continue;
      std::string value = text;
      for (std::size_t at = value.find('+'); at != std::string::npos; at = value.find('+')) value.replace(at, 1, "%2B");
      found(known, std::string(parameter) + "=" + value);
      found(known, std::string(parameter) + "=ge" + value + "&" + parameter + "=le" + value);
      ++by_date;
    }
  }
  CHECK(by_patient > 50);
  CHECK(by_code > 50);
  CHECK(by_date > 50);
}
