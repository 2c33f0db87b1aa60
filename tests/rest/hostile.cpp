// Requests that nobody means well: whatever comes, there is an answer, and it is not a 500.

#include <catch2/catch.hpp>
#include <iostream>
#include <random>
#include <set>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml.h"
#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"

namespace {

const std::set<int> well_mannered{200, 201, 204, 304, 400, 404, 405, 406, 409, 410, 412, 413, 415, 422};

const char* const seeds[] = {
    R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01","resource":{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}],"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01\">x</a></div>"}},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:x|1"}},{"resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?identifier=urn:x|1"},"focus":[{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01/_history/2#a"}]},"request":{"method":"PUT","url":"Observation/o","ifMatch":"W/\"1\""}},{"request":{"method":"GET","url":"Patient?_id=1&_sort=name"}},{"request":{"method":"DELETE","url":"Patient/9"}}]})",
    R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a/_history?_count=1"}},{"request":{"method":"HEAD","url":"metadata"}},{"resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},{"request":{"method":"DELETE","url":"/Patient/b"}}]})",
    R"({"resourceType":"Patient","id":"a","name":[{"family":"x","given":["a","b"]}],"extension":[{"url":"urn:x","valueDecimal":1.50}]})",
};

std::string mutated(std::string text, std::mt19937& random) {
  static constexpr std::string_view pieces[] = {"\"",      "{",         "}",     "[",   "]",    ",",     ":",       "null",
                                                "\\u0000", "\\ud800",   "1e999", "?",   "/",    "..",    "%",       "|",
                                                "#",       "urn:uuid:", "POST",  "GET", "\xff", "entry", "resource"};
  for (auto n = random() % 4 + 1; n > 0 && !text.empty(); --n) {
    const auto at = random() % text.size();
    const auto length = std::min<std::size_t>(random() % 12, text.size() - at);
    switch (random() % 4) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, pieces[random() % std::size(pieces)]);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), random() % 40));
        break;
      default:
        text[at] = static_cast<char>(random());
        break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("mutated requests are answered and never crash") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  tests::Fixture fixture;
  static constexpr const char* targets[] = {"",
                                            "/Patient",
                                            "/Patient/a",
                                            "/Patient/_search",
                                            "/Patient/a/_history/1",
                                            "/Patient?name=x&_count=3",
                                            "/_history?_since=2020-01-01T00:00:00Z&_page=3-4",
                                            "/Patient/a/_history?_at=2020",
                                            "/Observation?_include=Observation:subject&code=a|b,c"};
  static constexpr const char* methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"};
  static constexpr const char* names[] = {"Accept",        "Content-Type",      "If-Match", "If-None-Match",
                                          "If-None-Exist", "If-Modified-Since", "Prefer",   "X-Request-Id"};
  static constexpr const char* values[] = {"application/fhir+json;q=0.5, */*",
                                           "W/\"1\", \"2\"",
                                           "*",
                                           "identifier=a|b",
                                           "return=minimal; handling=strict",
                                           "Sun, 06 Nov 1994 08:49:37 GMT",
                                           "application/x-www-form-urlencoded",
                                           ""};
  for (int i = 0; i < 3000; ++i) {
    tests::Fixture::Headers headers;
    if (random() % 3 == 0)
      headers.emplace_back(names[random() % std::size(names)], mutated(values[random() % std::size(values)], random));
    std::string target = targets[random() % std::size(targets)];
    std::string method = methods[random() % std::size(methods)];
    std::string body = seeds[random() % std::size(seeds)];
    const bool bundle = random() % 2 == 0;
    if (bundle) {
      target.clear();
      method = "POST";
    } else if (random() % 2) {
      target = mutated(target, random);
    }
    if (random() % 8) body = mutated(body, random);
    const auto request = tests::Fixture::request(method, target, body, headers);
    fixture.service->try_quick(request);
    const auto response = fixture.service->handle(request);
    INFO(method << " " << target << "\n" << body << "\n" << tests::body_of(response));
    CHECK(well_mannered.count(response.status) == 1);
    if (response.status >= 400 || (bundle && response.body)) {
      const auto body_text = tests::body_of(response);
      const bool xml = body_text.starts_with("<");
      CHECK((xml ? formats::read_xml(body_text, model::r4()) : formats::read_json(body_text, model::r4())).ok());
    }
  }
}

TEST_CASE("deep, wide and long things are refused or taken in good time") {
  tests::Fixture fixture;
  std::string deep = R"({"resourceType":"Patient","extension":[)";
  for (int i = 0; i < 200000; ++i) deep += R"({"extension":[)";
  CHECK(fixture.ask("POST", "/Patient", deep).status == 400);
  CHECK(fixture.ask("POST", "", std::string(1000000, '[')).status == 400);
  CHECK(fixture.ask("GET", "/Patient?" + std::string(30000, '&')).status == 200);
  CHECK(fixture.ask("GET", "/" + std::string(30000, 'a')).status == 404);
  CHECK(fixture.ask("GET", "/Patient/a", {}, {{"If-None-Match", std::string(30000, ',')}}).status == 400);
  CHECK(fixture.ask("GET", "/metadata", {}, {{"Accept", std::string(30000, ',') + "*/*"}}).status == 200);
  // Thousands of conditions that only a comparison with each entry could answer: refused for their cost, not computed.
  std::string costly = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (int i = 0; i < 3000; ++i) {
    costly += (i ? "," : "") + std::string(R"({"resource":{"resourceType":"Patient","name":[{"family":"f)") + std::to_string(i) +
              R"("}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"family:contains=x)" + std::to_string(i) +
              R"("}})";
  }
  const auto response = fixture.ask("POST", "", costly + "]}");
  CHECK((response.status == 400 || response.status == 200));
}

TEST_CASE("the searches of a transaction's entries are kept up to a bound") {
  tests::Fixture server;
  const auto asked = [&](int entries, std::string_view more, bool read) {
    std::string text;
    for (int i = 0; i < entries; ++i) {
      const auto criteria = "focus=z" + std::to_string(i) + std::string(more);
      text += std::string(i != 0 ? "," : "") + R"({"request":{"method":)" +
              (read ? R"("GET","url":"Observation?)" : R"("POST","url":"Observation","ifNoneExist":")") + criteria + "\"}" +
              (read ? "" : R"(,"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"}})") + "}";
    }
    const auto response = server.ask("POST", "", R"({"resourceType":"Bundle","type":"transaction","entry":[)" + text + "]}");
    return std::to_string(response.status) +
           (response.body && response.body->find("200000 terms in all") != std::string::npos ? " in all" : "");
  };
  std::string many;  // more than one search may look for
  for (int i = 0; i < 1000; ++i) many += "," + std::to_string(i);
  for (const bool read : {false, true}) {
    CHECK(asked(100, {}, read) == "200");
    CHECK(asked(1000, {}, read) == "400 in all");
    CHECK(asked(3000, many, read) == "400");
  }
}

TEST_CASE("a form of too many arguments is refused, whatever they are") {
  tests::Fixture server;
  const tests::Fixture::Headers form{{"Content-Type", "application/x-www-form-urlencoded"}};
  for (const std::string argument : {"a=1&", "_include=*&", "_id:missing=false&", "_sort=q&", "_elements=photo&", "name=nm&"}) {
    std::string half, body;
    for (int i = 0; i < 600; ++i) half += argument;
    for (int i = 0; i < 200; ++i) body += half;
    INFO(argument);
    CHECK(server.ask("POST", "/Patient/_search", half, form).status == 200);
    CHECK(server.ask("POST", "/Patient/_search?" + half, half, form).status == 400);
    const auto response = server.ask("POST", "/Patient/_search", body, form);
    CHECK(response.status == 400);
    REQUIRE(response.body);
    CHECK(response.body->find("more than 1000 arguments") != std::string::npos);
  }
}
