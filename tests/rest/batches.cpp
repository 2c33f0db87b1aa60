// Batches and transactions too large for a case file: many faults, many warnings, many deletes.
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/rest/fixture.h"

namespace {

namespace json = boost::json;

std::string bundle(std::string_view type, const std::vector<std::string>& entries) {
  std::string text = R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
  for (const auto& entry : entries) text += entry + ",";
  text.back() = ']';
  return text + "}";
}
std::string post(const std::string& resource) {
  return R"({"resource":)" + resource + R"(,"request":{"method":"POST","url":"Patient"}})";
}
std::string put(const std::string& id, const std::string& more = "") {
  return R"({"resource":{"resourceType":"Patient","id":")" + id + R"(","identifier":[{"system":"urn:s","value":"1"}]},)" +
         R"("request":{"method":"PUT","url":"Patient/)" + id + "\"" + more + "}}";
}
std::vector<std::string> times(std::size_t count, const std::string& entry) { return std::vector<std::string>(count, entry); }
void append(std::vector<std::string>& to, const std::vector<std::string>& more) { to.insert(to.end(), more.begin(), more.end()); }

// The first three letters of each entry's status.
std::vector<std::string> statuses(const rest::Response& response) {
  std::vector<std::string> out;
  const auto parsed = json::parse(*response.body);
  for (const auto& entry : parsed.at("entry").as_array()) {
    out.emplace_back(entry.at("response").at("status").as_string().subview(0, 3));
  }
  return out;
}
long total(tests::Fixture& fixture, const std::string& search) {
  return static_cast<long>(json::parse(*fixture.ask("GET", search).body).at("total").as_int64());
}

const std::string patient = R"({"resourceType":"Patient"})";
const std::string bad = R"({"resourceType":"Patient","birthDate":"x"})";
const std::string remarked =
    R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x<img src=\"http://x.org/y.png\" alt=\"y\"/></div>"}})";

}  // namespace

// R4 http.html#brules
TEST_CASE("however many faults entries have together, each answers for its own") {
  tests::Fixture fixture;
  std::vector<std::string> entries{post(patient)};
  append(entries, times(201, post(bad)));
  append(entries, {put("i", R"(,"ifMatch":7)"), put("j", R"(,"ifmatch":"W/\"1\"")"), post(patient)});
  auto want = times(205, "422");
  want.front() = want.back() = "201";
  CHECK(statuses(fixture.ask("POST", "", bundle("batch", entries))) == want);
  std::string many = R"({"resourceType":"Patient","extension":[)";
  for (int i = 0; i < 201; ++i) many += R"({"url":"http://x.org/e","valueBoolean":"x"},)";
  many.back() = ']';
  CHECK(statuses(fixture.ask("POST", "", bundle("batch", {post(many + "}"), post(patient)}))) ==
        std::vector<std::string>{"422", "201"});
  std::string xml = R"(<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>)";
  const auto entry = [](const std::string& content) {
    return "<entry><resource><Patient>" + content +
           "</Patient></resource><request><method value=\"POST\"/><url value=\"Patient\"/></request></entry>";
  };
  for (int i = 0; i < 201; ++i) xml += entry("<birthDate value=\"x\"/>");
  xml += entry("<active value=\"true\"/>") + "</Bundle>";
  want = times(202, "422");
  want.back() = "201";
  CHECK(statuses(fixture.ask("POST", "", xml, {{"Content-Type", "application/fhir+xml"}, {"Accept", "application/fhir+json"}})) ==
        want);
  CHECK(total(fixture, "/Patient?_summary=count") == 4);
}

TEST_CASE("beyond 50,000 faults a batch is refused whole, with the first of them") {
  tests::Fixture fixture;
  std::string faulty = R"({"resourceType":"Patient","extension":[)";
  for (int i = 0; i < 50'001; ++i) faulty += R"({"u":1},)";
  faulty.back() = ']';
  const auto answer = fixture.ask("POST", "", bundle("batch", {post(patient), post(faulty + "}")}));
  CHECK(answer.status == 422);
  CHECK(answer.body->find("further") != std::string::npos);
  CHECK(total(fixture, "/Patient?_summary=count") == 0);
}

TEST_CASE("however much is only remarked on, nothing is refused, and no fault is hidden") {
  tests::Fixture fixture;
  CHECK(statuses(fixture.ask("POST", "", bundle("transaction", times(201, post(remarked))))) == times(201, "201"));
  CHECK(statuses(fixture.ask("POST", "", bundle("batch", times(201, post(remarked))))) == times(201, "201"));
  std::string list = R"({"resourceType":"List","id":"l","status":"current","mode":"working","contained":[)";
  for (int i = 0; i < 250; ++i) list += remarked + ",";
  list.back() = ']';
  CHECK(fixture.ask("PUT", "/List/l", list + "}").status == 201);
  // What comes behind the warnings decides all the same, in a batch that has too many faults for one list.
  std::vector<std::string> entries{R"({"resource":)" + list + R"(},"request":{"method":"PUT","url":"List/l","ifmatch":"x"}})",
                                   R"({"resource":)" + list + R"(,"foo":1},"request":{"method":"PUT","url":"List/l"}})"};
  append(entries, times(201, post(bad)));
  CHECK(statuses(fixture.ask("POST", "", bundle("batch", entries))) == times(203, "422"));
  CHECK(tests::header(fixture.ask("GET", "/List/l"), "ETag") == "W/\"1\"");
}

// R4 http.html#brules: as a transaction's, deletes first.
TEST_CASE("a delete of many comes before what its batch writes, as one of few does") {
  tests::Fixture fixture;
  std::vector<std::string> stored, entries;
  for (int i = 0; i < 150; ++i) stored.push_back(put("m" + std::to_string(i)));
  REQUIRE(fixture.ask("POST", "", bundle("transaction", stored)).status == 200);
  for (int i = 0; i < 20; ++i) entries.push_back(put("n" + std::to_string(i)));
  entries.push_back(R"({"request":{"method":"DELETE","url":"Patient?identifier=urn:s|1"}})");
  auto want = times(21, "201");
  want.back() = "204";
  CHECK(statuses(fixture.ask("POST", "", bundle("batch", entries))) == want);
  CHECK(total(fixture, "/Patient?identifier=urn:s%7C1&_summary=count") == 20);
}
