// The service as a whole: the quick path, and a CapabilityStatement that says what the tables hold.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <set>

#include "fhir/rest/routes.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"

namespace json = boost::json;

// In no order; of a name that the server made only that it is there.
std::set<std::pair<std::string, std::string>> comparable(const tests::Fixture::Headers& headers) {
  std::set<std::pair<std::string, std::string>> out(headers.begin(), headers.end());
  for (const auto& [name, value] : headers) {
    if (name != "X-Request-Id" || value.size() != 15) continue;
    out.erase({name, value});
    out.emplace(name, "made");
  }
  return out;
}

TEST_CASE("the quick path answers as the slow one") {
  tests::Fixture fixture;
  REQUIRE(fixture.ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a"})").status == 201);
  fixture.ask("GET", "/Patient/a");  // into the cache
  const std::vector<tests::Fixture::Headers> headers{
      {},
      {{"Accept", "*/*"}},
      {{"Accept", "application/json"}},
      {{"accept", "application/fhir+json"}, {"User-Agent", "x"}},
      {{"If-None-Match", "W/\"1\""}},
      {{"If-None-Match", "W/\"2\""}},
      {{"X-Request-Id", "7"}},
      {{"X-Request-Id", "8"}, {"x-correlation-id", "9"}},
  };
  for (const auto& each : headers) {
    const auto request = tests::Fixture::request("GET", "/Patient/a", {}, each);
    const auto quick = fixture.service->try_quick(request);
    REQUIRE(quick);
    const auto slow = fixture.service->handle(request);
    CHECK(quick->status == slow.status);
    CHECK(comparable(quick->headers) == comparable(slow.headers));
    CHECK(tests::body_of(*quick) == tests::body_of(slow));
    CHECK(quick->interaction == slow.interaction);
  }
  const std::vector<std::pair<const char*, tests::Fixture::Headers>> not_quick{
      {"/Patient/a", {{"Accept", "application/fhir+xml"}}},
      {"/Patient/a", {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}},
      {"/Patient/a", {{"If-None-Match", "1"}}},
      {"/Patient/a?_pretty=true", {}},
      {"/Patient/b", {}},
      {"/Patient/_search", {}},
      {"/Nothing/a", {}},
      {"/metadata", {}},
      {"", {}},
  };
  for (const auto& [target, with] : not_quick) {
    INFO(target);
    CHECK(!fixture.service->try_quick(tests::Fixture::request("GET", target, {}, with)));
  }
  CHECK(!fixture.service->try_quick(tests::Fixture::request("PUT", "/Patient/a")));
  REQUIRE(fixture.ask("DELETE", "/Patient/a").status == 204);
  CHECK(!fixture.service->try_quick(tests::Fixture::request("GET", "/Patient/a")));
}

TEST_CASE("the CapabilityStatement is valid and claims what the tables hold") {
  tests::Fixture fixture;
  const auto text = tests::body_of(fixture.ask("GET", "/metadata"));
  const auto read = formats::read_json(text, model::r4());
  for (const auto& issue : read.issues) FAIL_CHECK(issue.expression << ": " << issue.diagnostics);
  const auto statement = json::parse(text).as_object();
  const auto& rest = statement.at("rest").as_array().at(0).as_object();
  std::set<std::string> claimed, routed;
  for (const auto& each : rest.at("resource").as_array().at(0).as_object().at("interaction").as_array()) {
    claimed.emplace(each.as_object().at("code").as_string());
  }
  for (const auto& each : rest.at("interaction").as_array()) claimed.emplace(each.as_object().at("code").as_string());
  for (const auto& route : rest::routes()) {
    for (const auto code : route.codes) {
      if (!code.empty()) routed.emplace(code);
    }
  }
  CHECK(claimed == routed);
  // Whatever is claimed can be searched: strictly, so that an unknown parameter would be refused.
  std::size_t parameters = 0;
  for (const auto& each : rest.at("resource").as_array()) {
    const auto& resource = each.as_object();
    const auto* list = resource.if_contains("searchParam");
    if (!list) continue;
    const std::string type(resource.at("type").as_string());
    std::set<std::string> names;
    for (const auto& one : list->as_array()) {
      const auto& parameter = one.as_object();
      const std::string name(parameter.at("name").as_string());
      CHECK(names.insert(name).second);
      ++parameters;
      const auto kind = parameter.at("type").as_string();
      const std::string value = kind == "date"        ? "2020"
                                : kind == "number"    ? "1"
                                : kind == "quantity"  ? "1"
                                : kind == "composite" ? ""
                                : kind == "special"   ? ""
                                                      : "x";
      if (value.empty()) continue;
      const auto answer =
          fixture.ask("GET", "/" + type + "?_summary=count&" + name + "=" + value, {}, {{"Prefer", "handling=strict"}});
      INFO(type << "?" << name << ": " << tests::body_of(answer).substr(0, 300));
      CHECK(answer.status == 200);
    }
  }
  CHECK(parameters > 1000);
  for (const auto& each : rest.at("searchParam").as_array()) {
    const std::string name(each.at("name").as_string());
    const std::string value = name == "_lastUpdated" ? "2020" : name == "_type" ? "Patient" : "x";
    CHECK(fixture.ask("GET", "?_summary=count&" + name + "=" + value, {}, {{"Prefer", "handling=strict"}}).status == 200);
  }
  CHECK(rest.at("compartment").as_array().size() == model::r4().compartments.size());
}

TEST_CASE("pretty is the same resource") {
  tests::Fixture fixture;
  REQUIRE(fixture.ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a","active":true})").status == 201);
  const auto plain = fixture.ask("GET", "/Patient/a");
  const auto pretty = fixture.ask("GET", "/Patient/a?_pretty=true");
  CHECK(tests::body_of(pretty).find("\n  \"id\": \"a\"") != std::string::npos);
  CHECK(json::serialize(json::parse(tests::body_of(plain))) == json::serialize(json::parse(tests::body_of(pretty))));
}

// RFC 9110 8.8.2.2: a date of whole seconds is a weak validator; the server knows better.
TEST_CASE("a date cannot say which of two versions of its second it names") {
  static std::int64_t now = 1'790'000'000'200;
  store::StoreOptions options;
  options.clock = [] { return now; };
  tests::Fixture fixture({}, options);
  const auto put = [&](int n) {
    const auto body = R"({"resourceType":"Patient","id":"i","multipleBirthInteger":)" + std::to_string(n) + "}";
    return tests::header(fixture.ask("PUT", "/Patient/i", body), "Last-Modified");
  };
  const auto status = [&](const std::string& since) {
    return fixture.ask("GET", "/Patient/i", {}, {{"If-Modified-Since", since}}).status;
  };
  const auto first = put(1);
  REQUIRE(!first.empty());
  CHECK(status(first) == 304);
  now += 500;
  REQUIRE(put(2) == first);
  CHECK(status(first) == 200);
  now += 1000;
  const auto third = put(3);
  CHECK(status(first) == 200);
  CHECK(status(third) == 304);
}
