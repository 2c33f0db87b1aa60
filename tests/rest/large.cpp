// Answers that would be too large: pages end early and nothing is skipped; a Bundle's answer goes on in short.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <set>

#include "tests/rest/fixture.h"

namespace json = boost::json;

namespace {

constexpr std::size_t mega = 1u << 20;
const std::string base = "http://kiln.test/fhir";

std::string patient(const std::string& id, std::size_t bytes, const std::string& more = {}) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","photo":[{"data":")" + std::string(bytes / 4 * 4, 'A') + "\"}]" +
         more + "}";
}

void put(tests::Fixture& server, const std::string& path, std::string body) {
  const auto status = server.ask("PUT", "/" + path, std::move(body)).status;
  REQUIRE((status == 200 || status == 201));
}

json::value parsed(const rest::Response& response) {
  REQUIRE(response.body);
  return json::parse(*response.body);
}

std::string link(const json::value& bundle, std::string_view relation) {
  for (const auto& each : bundle.at("link").as_array()) {
    if (each.at("relation").as_string() == relation) return std::string(each.at("url").as_string()).substr(base.size());
  }
  return {};
}

std::vector<std::string> ids(const json::value& bundle, std::string_view mode) {
  std::vector<std::string> all;
  if (bundle.as_object().contains("entry")) {
    for (const auto& entry : bundle.at("entry").as_array()) {
      if (entry.at("search").at("mode").as_string() == mode) all.emplace_back(entry.at("resource").at("id").as_string());
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a page of large resources ends early, and following next or previous shows each once", "[large]") {
  tests::Fixture server;
  std::set<std::string> all;
  for (int i = 0; i < 11; ++i) {
    const auto id = "p" + std::to_string(i);
    all.insert(id);
    put(server, "Patient/" + id,
        patient(id, i == 5 ? 20 * mega : 3 * mega, R"(,"birthDate":"19)" + std::to_string(50 + i % 4) + "\""));
  }
  for (const std::string query :
       {"/Patient?_count=50", "/Patient?_count=50&_sort=birthdate", "/Patient?_count=50&_sort=_lastUpdated",
        "/Patient?_count=4&_sort=-birthdate&_total=accurate"}) {
    CAPTURE(query);
    std::vector<std::string> forward, backward;
    std::string last;
    for (auto next = query; !next.empty();) {
      const auto response = server.ask("GET", next);
      REQUIRE(response.status == 200);
      const auto bundle = parsed(response);
      const auto page = ids(bundle, "match");
      REQUIRE_FALSE(page.empty());
      CHECK((page.size() == 1 || response.body->size() < 17 * mega));
      if (bundle.as_object().contains("total")) CHECK(bundle.at("total").as_int64() == 11);
      forward.insert(forward.end(), page.begin(), page.end());
      next = link(bundle, "next");
      if (next.empty()) last = link(bundle, "self");
    }
    CHECK(forward.size() == 11);
    CHECK(std::set<std::string>(forward.begin(), forward.end()) == all);
    for (auto previous = last; !previous.empty();) {
      const auto bundle = parsed(server.ask("GET", previous));
      const auto page = ids(bundle, "match");
      backward.insert(backward.begin(), page.begin(), page.end());
      previous = link(bundle, "previous");
    }
    CHECK(backward == forward);
  }
  // What is not shown takes no room.
  CHECK(ids(parsed(server.ask("GET", "/Patient?_count=50&_elements=birthDate")), "match").size() == 11);
}

TEST_CASE("a page before a large resource ends at it", "[large]") {
  tests::Fixture server;
  for (int i = 0; i < 60; ++i) {
    const auto id = "p" + std::to_string(100 + i);
    put(server, "Patient/" + id, patient(id, i == 58 ? 17 * mega : 2000));
  }
  std::string last, next = "/Patient?_count=100&_sort=_id";
  std::vector<std::size_t> forward, backward;
  for (; !next.empty(); next = link(parsed(server.ask("GET", last)), "next")) {
    forward.push_back(ids(parsed(server.ask("GET", next)), "match").size());
    last = next;
  }
  CHECK(forward == std::vector<std::size_t>{58, 1, 1});
  for (auto previous = last; !previous.empty(); previous = link(parsed(server.ask("GET", previous)), "previous")) {
    backward.push_back(ids(parsed(server.ask("GET", previous)), "match").size());
  }
  CHECK(backward == std::vector<std::size_t>{1, 1, 58});
}

TEST_CASE("a page's large inclusions make it shorter; those of one match are refused", "[large]") {
  tests::Fixture server;
  for (int i = 0; i < 6; ++i) {
    const auto id = "p" + std::to_string(i);
    put(server, "Patient/" + id, patient(id, 20 * mega));
    put(server, "Basic/b" + std::to_string(i),
        R"({"resourceType":"Basic","id":"b)" + std::to_string(i) + R"(","code":{"text":"x"},"subject":{"reference":"Patient/)" +
            id + "\"}}");
  }
  std::set<std::string> matches, included;
  for (std::string next = "/Basic?_include=Basic:subject"; !next.empty();) {
    const auto response = server.ask("GET", next);
    REQUIRE(response.status == 200);
    CHECK(response.body->size() < 65 * mega);
    const auto bundle = parsed(response);
    const auto page = ids(bundle, "match");
    CHECK(ids(bundle, "include").size() == page.size());
    for (const auto& id : page) CHECK(matches.insert(id).second);
    for (const auto& id : ids(bundle, "include")) CHECK(included.insert(id).second);
    next = link(bundle, "next");
  }
  CHECK(matches.size() == 6);
  CHECK(included.size() == 6);

  put(server, "Group/g",
      R"({"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p0"}},{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2"}},{"entity":{"reference":"Patient/p3"}}]})");
  const auto refused = server.ask("GET", "/Group?_include=Group:member");
  CHECK(refused.status == 400);
  CHECK(parsed(refused).at("issue").at(0).at("code") == "too-costly");
}

TEST_CASE("the answers to a Bundle's entries go on in short when they have grown large", "[large]") {
  tests::Fixture server;
  put(server, "Patient/large", patient("large", 15 * mega));
  const std::string read = R"({"request":{"method":"GET","url":"Patient/large"}})";
  const std::string search = R"({"request":{"method":"GET","url":"Patient?_id=large"}})";
  const std::string missing = R"({"request":{"method":"GET","url":"Patient/missing"}})";
  const std::string patch =
      R"({"resource":{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"identifier"},{"name":"value","valueIdentifier":{"value":"1"}}]}]},"request":{"method":"PATCH","url":"Patient/large"}})";
  for (const std::string type : {"batch", "transaction"}) {
    CAPTURE(type);
    const auto bundle = [&](const std::string& entries) {
      return R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entries + "]}";
    };
    auto response = server.ask(
        "POST", "", bundle(read + "," + search + "," + read + "," + search + "," + read + "," + search + "," + missing));
    REQUIRE(response.status == 200);
    CHECK(response.body->size() < 80 * mega);
    const auto answer = parsed(response);
    const auto& entries = answer.at("entry").as_array();
    REQUIRE(entries.size() == 7);
    for (std::size_t i = 0; i < 5; ++i) CHECK(entries[i].at("response").at("status") == "200 OK");
    CHECK(entries[5].at("response").at("status") == "400 Bad Request");
    CHECK(entries[5].at("response").at("outcome").at("issue").at(0).at("code") == "too-costly");
    CHECK(entries[6].at("response").at("status") == "404 Not Found");
    CHECK(entries[6].at("response").at("outcome").at("resourceType") == "OperationOutcome");
  }
  // Of writes the representation is left out, and all else told.
  std::string patches = patch;
  for (int i = 0; i < 6; ++i) patches += "," + patch;
  const auto response = server.ask("POST", "", R"({"resourceType":"Bundle","type":"batch","entry":[)" + patches + "]}",
                                   {{"Prefer", "return=representation"}});
  REQUIRE(response.status == 200);
  CHECK(response.body->size() < 80 * mega);
  const auto answer = parsed(response);
  std::set<std::string> tags;
  std::size_t shown = 0;
  for (const auto& entry : answer.at("entry").as_array()) {
    CHECK(entry.at("response").at("status") == "200 OK");
    tags.emplace(entry.at("response").at("etag").as_string());
    shown += entry.as_object().contains("resource");
  }
  CHECK(shown == 5);
  CHECK(tags.size() == 7);
}

TEST_CASE("a read with a large body is answered at once: what waits must not hold it", "[large]") {
  tests::Fixture server;
  put(server, "Patient/a", patient("a", 4));
  std::string form = "_id=a";
  for (const std::string none(100, 'n'); form.size() <= (64u << 10);) form += "," + none;
  const std::vector<std::pair<std::string, std::string>> headers{{"Prefer", "respond-async"},
                                                                 {"Content-Type", "application/x-www-form-urlencoded"}};
  const auto response = server.ask("POST", "/Patient/_search", form, headers);
  INFO((response.body ? *response.body : ""));
  CHECK(response.status == 200);
  CHECK(parsed(response).at("total").as_int64() == 1);
  CHECK(server.ask("POST", "/Patient/_search", "_id=a", headers).status == 202);
}
