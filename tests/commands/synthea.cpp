// Synthea's patients: as NDJSON with conditional references, and as transactions; in and out again.
#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <set>

#include "tests/commands/support.h"
#include "tests/support/data.h"

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using commands_test::Asking;
using commands_test::Resources;

std::vector<std::string> files_in(const fs::path& folder, const std::string& extension) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The references that an import resolves: "Type?identifier=system|value" becomes "Type/id".
void resolve(Resources& resources) {
  std::map<std::string, std::string> by_identifier;
  for (const auto& [key, text] : resources) {
    const auto resource = json::parse(text);
    const auto* identifiers = resource.as_object().if_contains("identifier");
    if (identifiers == nullptr || !identifiers->is_array()) continue;
    for (const auto& identifier : identifiers->as_array()) {
      const auto& object = identifier.as_object();
      if (!object.contains("system") || !object.contains("value")) continue;
      by_identifier[std::string(resource.at("resourceType").as_string()) + "?identifier=" +
                    std::string(object.at("system").as_string()) + "|" + std::string(object.at("value").as_string())] = key;
    }
  }
  for (auto& [key, text] : resources) {
    constexpr std::string_view head = "\"reference\":\"";
    for (std::size_t at = 0; (at = text.find(head, at)) != std::string::npos;) {
      at += head.size();
      const auto end = text.find('"', at);
      const auto found = by_identifier.find(text.substr(at, end - at));
      if (found != by_identifier.end()) text.replace(at, end - at, found->second);
    }
  }
}

void compare(const Resources& expected, const Resources& got) {
  CHECK(got.size() == expected.size());
  std::size_t different = 0;
  for (const auto& [key, text] : expected) {
    const auto found = got.find(key);
    const bool same = found != got.end() && commands_test::without_version(found->second) == text;
    if (same || ++different > 5) continue;
    INFO(key);
    CHECK(found != got.end());
    if (found != got.end()) CHECK(commands_test::without_version(found->second) == text);
  }
  CHECK(different == 0);
}

}  // namespace

TEST_CASE("NDJSON with conditional references, imported and exported, is equal") {
  const auto folder = tests::official_data("synthea-ndjson");
  if (!folder) return;
  auto expected = commands_test::read_ndjson(*folder);
  REQUIRE(expected.size() == 7160);
  resolve(expected);
  for (const auto& [key, text] : expected) REQUIRE(text.find("?identifier=") == std::string::npos);
  auto files = files_in(*folder, ".ndjson");
  std::reverse(files.begin(), files.end());  // whatever the order
  const tests::Scratch scratch;
  const auto data = scratch / "data", out = scratch / "out";

  SECTION("offline") {
    std::vector<std::string> arguments{"import", "--data", data.string()};
    arguments.insert(arguments.end(), files.begin(), files.end());
    const auto ran = tests::kiln(arguments);
    INFO(ran.output);
    REQUIRE(ran.status == 0);
    CHECK(ran.output.find("imported 7160 resources") != std::string::npos);
    CHECK(commands_test::read_file(data / "import-refused.ndjson").empty());
  }
  SECTION("over HTTP") {
    tests::Served served(data);
    std::vector<std::string> arguments{"import",
                                       "--server",
                                       served.url(),
                                       "--journal",
                                       (scratch / "journal").string(),
                                       "--refused",
                                       (scratch / "refused").string()};
    arguments.insert(arguments.end(), files.begin(), files.end());
    const auto ran = tests::kiln(arguments);
    INFO(ran.output);
    REQUIRE(ran.status == 0);
    Asking server(served.url());
    std::map<std::string, long> counts;
    for (const auto& [key, text] : expected) ++counts[key.substr(0, key.find('/'))];
    for (const auto& [type, count] : counts) CHECK(server.count(type) == count);
    CHECK(served.stop() == 0);
  }
  const auto ran = tests::kiln({"export", "--data", data.string(), "--out", out.string()});
  INFO(ran.output);
  REQUIRE(ran.status == 0);
  compare(expected, commands_test::read_ndjson(out));
  CHECK(tests::kiln({"check", "--data", data.string()}).status == 0);
}

namespace {

// Where a resource's code and date stand, and the parameters that find them.
struct Findable {
  const char* type;
  const char* code;       // member: a CodeableConcept; "" none
  const char* code_name;  // parameter
  const char* date;       // member: a date, dateTime, or a Period
  const char* date_name;
};
constexpr Findable findables[] = {
    {"Observation", "code", "code", "effectiveDateTime", "date"},
    {"Encounter", "", "", "period", "date"},
    {"Procedure", "code", "code", "performedPeriod", "date"},
    {"Immunization", "vaccineCode", "vaccine-code", "occurrenceDateTime", "date"},
    {"Condition", "code", "code", "onsetDateTime", "onset-date"},
    {"DiagnosticReport", "code", "code", "effectiveDateTime", "date"},
    {"MedicationRequest", "medicationCodeableConcept", "code", "authoredOn", "authoredon"},
    {"AllergyIntolerance", "code", "code", "recordedDate", "date"},
    {"CarePlan", "", "", "period", "date"},
    {"Claim", "", "", "created", "created"},
    {"ExplanationOfBenefit", "", "", "created", "created"},
    {"ImagingStudy", "", "", "started", "started"},
    {"Goal", "", "", "", ""},
};

std::string escaped(const json::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '+') {
      out += "%2B";
    } else if (c == '|' || c == ' ') {
      out += c == '|' ? "%7C" : "%20";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// "patient=...&code=...&date=..." of all that the resource has of them, and how many.
std::pair<std::string, int> criteria(const json::object& resource) {
  std::string out;
  int several = 0;
  for (const char* member : {"subject", "patient"}) {
    const auto* reference = resource.if_contains(member);
    if (reference == nullptr) continue;
    const std::string target(reference->as_object().at("reference").as_string());
    if (target.rfind("Patient/", 0) == 0) out += "&patient=" + target.substr(8), ++several;
  }
  for (const auto& row : findables) {
    if (resource.at("resourceType").as_string() != row.type) continue;
    if (const auto* code = resource.if_contains(row.code)) {
      const auto& coding = code->at("coding").as_array().at(0).as_object();
      out += "&" + std::string(row.code_name) + "=" + escaped(coding.at("system").as_string()) + "|" +
             escaped(coding.at("code").as_string());
      ++several;
    }
    if (const auto* date = resource.if_contains(row.date)) {
      // A moment within: a period contains its own beginning's day or overlaps it.
      const bool period = date->is_object();
      const auto& moment = period ? date->at("start").as_string() : date->as_string();
      out += "&" + std::string(row.date_name) + (period ? "=ap" : "=") + escaped(moment);
      ++several;
    }
  }
  return {out, several};
}

}  // namespace

TEST_CASE("Synthea's transactions go in over HTTP, and every resource is found by id, patient, code and date") {
  const auto folder = tests::official_data("synthea-transactions");
  if (!folder) return;
  auto files = files_in(*folder, ".json");
  REQUIRE(files.size() == 47);
  // Those that others refer to by identifier come first, as their makers advise.
  std::stable_partition(files.begin(), files.end(),
                        [](const auto& file) { return file.find("Information") != std::string::npos; });
  const tests::Scratch scratch;
  tests::Served served(scratch / "data");
  Asking server(served.url());
  std::map<std::string, long> expected;
  std::vector<std::string> stored;
  for (const auto& file : files) {
    const auto text = commands_test::read_file(file);
    const auto bundle = json::parse(text);
    for (const auto& entry : bundle.at("entry").as_array())
      ++expected[std::string(entry.at("resource").at("resourceType").as_string())];
    const auto answer = server.ask("POST", "", text);
    INFO(file << ": " << answer.body.substr(0, 400));
    REQUIRE(answer.status == 200);
    const auto reply = json::parse(answer.body);
    for (const auto& entry : reply.at("entry").as_array()) {
      const auto& response = entry.at("response").as_object();
      REQUIRE(response.at("status").as_string().starts_with("201"));
      std::string location(response.at("location").as_string());
      location = location.substr(0, location.find("/_history"));
      const auto slash = location.rfind('/', location.rfind('/') - 1);
      stored.push_back(slash == std::string::npos ? location : location.substr(slash + 1));
    }
  }
  CHECK(stored.size() == 11143);
  CHECK(std::set<std::string>(stored.begin(), stored.end()).size() == stored.size());
  for (const auto& [type, count] : expected) {
    INFO(type);
    CHECK(server.count(type) == count);
  }
  std::map<std::string, std::vector<std::string>> by_type;
  for (const auto& path : stored) by_type[path.substr(0, path.find('/'))].push_back(path.substr(path.find('/') + 1));
  for (const auto& [type, ids] : by_type) {
    for (std::size_t from = 0; from < ids.size(); from += 50) {
      std::string list;
      std::size_t asked = 0;
      for (std::size_t i = from; i < std::min(from + 50, ids.size()); ++i, ++asked) list += (list.empty() ? "" : ",") + ids[i];
      REQUIRE(server.count(type + "?_id=" + list) == static_cast<long>(asked));
    }
  }
  std::map<int, std::size_t> tried;
  for (const auto& path : stored) {
    const auto slash = path.find('/');
    const auto read = server.ask("GET", "/" + path);
    REQUIRE(read.status == 200);
    const auto [query, several] = criteria(json::parse(read.body).as_object());
    ++tried[several];
    if (several == 0) continue;
    const auto found = server.ask("GET", "/" + path.substr(0, slash) + "?_id=" + path.substr(slash + 1) + query, {},
                                  {{"Prefer", "handling=strict"}});
    INFO(query << ": " << found.body.substr(0, 600));
    REQUIRE(found.body.find("\"total\":1") != std::string::npos);
  }
  INFO("resources by the number of criteria tried: " << tried[1] << ", " << tried[2] << ", " << tried[3]);
  CHECK(tried[3] > 6000);
  CHECK(tried[2] > 2000);
  CHECK(served.stop() == 0);
  CHECK(tests::kiln({"check", "--data", (scratch / "data").string()}).status == 0);
}
