// XML over the whole service: what goes in as XML comes out in both formats, and whatever is answered obeys R4's schema.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <thread>

#include "fhir/rest/answer_form.h"
#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"
#include "tests/support/data.h"
#include "tests/support/process.h"
#include "tests/support/schema.h"

namespace {

const tests::Fixture::Headers wants_xml{{"Accept", "application/fhir+xml"}};

// Asks, and keeps the XML that is answered for xmllint.
class Asked {
 public:
  std::string ask(std::string method, std::string_view target, int status, std::string body = {},
                  tests::Fixture::Headers more = {}) {
    auto headers = wants_xml;
    headers.insert(headers.end(), more.begin(), more.end());
    const auto response = fixture.ask(std::move(method), target, std::move(body), std::move(headers));
    INFO(target << ": " << tests::body_of(response).substr(0, 2000));
    CHECK(response.status == status);
    CHECK(tests::header(response, "Content-Type") == "application/fhir+xml; charset=utf-8");
    files.push_back(folder / (std::to_string(files.size()) + ".xml"));
    std::ofstream(files.back(), std::ios::binary) << tests::body_of(response);
    return tests::body_of(response);
  }

  tests::Fixture fixture;
  tests::Scratch folder;
  std::vector<std::filesystem::path> files;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("whatever is answered in XML obeys R4's schema", "[xml]") {
  const auto minimal = tests::official_data("r4-minimal");
  if (!minimal) return;
  Asked asked;
  std::vector<std::string> types;
  for (const auto& entry : std::filesystem::directory_iterator(*minimal / "xml")) {
    const auto name = entry.path().filename().string();
    const auto type = name.substr(0, name.find('-'));
    types.push_back(type);
    asked.ask("POST", "/" + type, 201, text_of(entry.path()), {{"Content-Type", "application/fhir+xml"}});
  }
  CHECK(types.size() == 476);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  for (const auto& type : types) {
    asked.ask("GET", "/" + type, 200);
    asked.ask("GET", "/" + type + "/_history?_count=2", 200);
  }
  asked.ask("GET", "/_history?_count=500", 200);
  asked.ask("GET", "/Patient?nonsense=1", 200);
  asked.ask("GET", "/metadata", 200);
  asked.ask("GET", "/Patient/nobody", 404);
  asked.ask("POST", "/Patient", 400, "<&>");
  asked.ask(
      "POST", "/", 200,
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?_count=1"}},{"request":{"method":"GET","url":"Patient/x"}},)"
      R"({"resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Patient","active":1},)"
      R"("request":{"method":"POST","url":"Patient"}}]})");
  CHECK(tests::schema_faults(asked.files) == "");
}

namespace {

// What the service hands over, and on which thread.
struct Handed {
  rest::Response response;
  std::thread::id thread;
};

Handed hand_over(tests::Fixture& fixture, rest::Request request) {
  std::promise<Handed> promise;
  fixture.service->handle(std::move(request), [&](rest::Response response) {
    promise.set_value({std::move(response), std::this_thread::get_id()});
  });
  return promise.get_future().get();
}

}  // namespace

TEST_CASE("the store's writer makes no XML, no page, no indentation: whoever takes the answer does", "[xml]") {
  tests::Fixture fixture;
  struct Row {
    const char *method, *target, *body;
    tests::Fixture::Headers headers;
    bool written = true;  // the answer comes on the writer's thread
  };
  const std::vector<Row> rows{
      {"PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a","gender":"male"})", {}},
      {"POST", "/Patient", R"({"resourceType":"Patient"})", {}},
      {"POST", "/Patient", R"({"resourceType":"Patient"})", {{"Prefer", "return=OperationOutcome"}}},
      {"PATCH",
       "/Patient/a",
       R"([{"op":"add","path":"/active","value":true}])",
       {{"Content-Type", "application/json-patch+json"}}},
      {"PUT", "/Patient?gender=male", R"({"resourceType":"Patient","gender":"male"})", {}},
      {"POST",
       "",
       R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]})",
       {{"Prefer", "return=representation"}}},
      {"POST",
       "",
       R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient?_pretty=true"}}]})",
       {{"Prefer", "return=representation"}},
       false},
      {"PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a"})", {{"If-Match", "W/\"77\""}}, false},
      {"GET", "/Patient/a", "", {}, false},
  };
  struct Form {
    const char *accept, *query, *begins;
  };
  int keys = 0;
  for (const auto& form : {Form{"application/fhir+xml", "", "<"}, Form{"text/html", "", "<!DOCTYPE html>"},
                           Form{"application/fhir+json", "_pretty=true", "{\n  \"resourceType\""}}) {
    for (const auto& row : rows) {
      for (const bool once : {false, true}) {
        INFO(row.method << " " << row.target << " as " << form.accept << (once ? ", once" : ""));
        const std::string target = row.target;
        const auto query = form.query[0] ? (target.find('?') == std::string::npos ? "?" : "&") + std::string(form.query) : "";
        auto headers = row.headers;
        headers.emplace_back("Accept", form.accept);
        if (once) headers.emplace_back("Idempotency-Key", "key-" + std::to_string(++keys));
        const auto request = tests::Fixture::request(row.method, target + query, row.body, headers);
        auto first = hand_over(fixture, request);
        if (row.written) CHECK(first.thread != std::this_thread::get_id());
        REQUIRE(first.response.form);
        CHECK(first.response.body->starts_with(R"({"resourceType":")"));
        rest::finish_body(first.response);
        CHECK_FALSE(first.response.form);
        CHECK(first.response.body->starts_with(form.begins));
        if (!once || row.method == std::string("GET")) continue;
        // The same bytes whenever it is asked again, made anew of what was kept.
        auto again = hand_over(fixture, request);
        REQUIRE(again.response.form);
        rest::finish_body(again.response);
        CHECK(tests::header(again.response, "Idempotent-Replayed") == "true");
        CHECK(*again.response.body == *first.response.body);
        CHECK(again.response.status == first.response.status);
        CHECK(tests::header(again.response, "Content-Type") == tests::header(first.response, "Content-Type"));
      }
    }
  }
  // Minified JSON needs nothing more.
  CHECK_FALSE(hand_over(fixture, tests::Fixture::request("PUT", "/Patient/a", rows[0].body)).response.form);
}

TEST_CASE("an answer that cannot be put into its form is a fault of the server, and says so in that form", "[xml]") {
  rest::Response response;
  response.body = std::make_shared<const std::string>("[]");
  rest::set_form(response, model::r4(), "", rest::MediaType::fhir_xml, false);
  rest::finish_body(response);
  CHECK(response.status == 500);
  CHECK(response.body->find("<OperationOutcome xmlns=") != std::string::npos);
}
