// Pages for browsers: whatever a resource says, a page has no elements but ours, and no links but into this server.

#include "fhir/rest/answer_form.h"
#include "fhir/rest/html_page.h"

#include <openssl/evp.h>
#include <catch2/catch.hpp>
#include <random>
#include <regex>

#include "resources-gen/formats/json.h"
#include "tests/rest/fixture.h"

namespace {

const std::string base = "http://kiln.test/fhir";

std::string page_of(const std::string& json) { return rest::html_page(json, 200, base, model::r4()); }

std::string patient_saying(const std::string& text) {
  std::string json = R"({"resourceType":"Patient","id":"a","name":[{"text":)";
  formats::append_string(json, text);
  return json + "}]}";
}

// What stands in the <pre>.
std::string inside(const std::string& page) {
  const auto from = page.find("<pre>") + 5;
  return page.substr(from, page.find("</pre>") - from);
}

std::vector<std::string> links(const std::string& page) {
  static const std::regex link("<a href=\"([^\"]*)\">");
  std::vector<std::string> found;
  for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

// Takes out our own links; then nothing is left that could begin an element, an attribute's end or a reference of its own.
void check_harmless(const std::string& page) {
  static const std::regex ours("<a href=\"http://kiln\\.test/fhir[^\"<>]*\">|</a>");
  const auto rest = std::regex_replace(inside(page), ours, "");
  CHECK(rest.find('<') == std::string::npos);
  CHECK(rest.find('>') == std::string::npos);
  static const std::regex loose("&(?!amp;|lt;|gt;|quot;|#39;)");
  CHECK(!std::regex_search(rest, loose));
  for (const auto& link : links(page)) CHECK((link == base || link.starts_with(base + "/")));
}

}  // namespace

TEST_CASE("a page shows the resource, indented, escaped, with links") {
  const auto page = page_of(
      R"({"resourceType":"Observation","id":"o","subject":{"reference":"Patient/1"},"focus":[{"reference":"http://kiln.test/fhir/Patient/2/_history/3"}],"note":[{"text":"<b>&\"'"}]})");
  CHECK(page.find("<title>200 OK - Observation/o</title>") != std::string::npos);
  CHECK(page.find("\"reference\": \"<a href=\"http://kiln.test/fhir/Patient/1\">Patient/1</a>\"") != std::string::npos);
  CHECK(page.find("<a href=\"http://kiln.test/fhir/Patient/2/_history/3\">") != std::string::npos);
  CHECK(page.find("\"text\": \"&lt;b&gt;&amp;\\&quot;&#39;\"") != std::string::npos);
  check_harmless(page);
}

TEST_CASE("what is a link, and what is none") {
  const std::pair<const char*, const char*> rows[] = {
      {"Patient/1", "http://kiln.test/fhir/Patient/1"},
      {"Patient/1/_history/2", "http://kiln.test/fhir/Patient/1/_history/2"},
      {"http://kiln.test/fhir", "http://kiln.test/fhir"},
      {"http://kiln.test/fhir/Patient?name=a&_count=1", "http://kiln.test/fhir/Patient?name=a&amp;_count=1"},
      {"http://kiln.test/fhir/Patient/1' onclick='x", "http://kiln.test/fhir/Patient/1&#39; onclick=&#39;x"},
      {"Nobody/1", ""},
      {"Patient", ""},
      {"Patient/", ""},
      {"Patient/1/2", ""},
      {"Patient/1/_history/", ""},
      {"Patient/a b", ""},
      {"Patient/<script>", ""},
      {"http://kiln.test/fhirx/Patient/1", ""},
      {"http://kiln.test/fhir@evil.org/", ""},
      {"http://kiln.test.evil.org/fhir/Patient/1", ""},
      {"http://other.org/fhir/Patient/1", ""},
      {"https://kiln.test/fhir/Patient/1", ""},
      {"javascript:alert(1)", ""},
      {"JavaScript:http://kiln.test/fhir/", ""},
      {" javascript:alert(1)", ""},
      {"data:text/html,<script>alert(1)</script>", ""},
      {"//evil.org/Patient/1", ""},
      {"http://kiln.test/fhir/\"><script>alert(1)</script>", ""},  // its quote is escaped in JSON
  };
  for (const auto& [text, link] : rows) {
    INFO(text);
    const auto page = page_of(patient_saying(text));
    const auto found = links(page);
    CHECK(found == (*link ? std::vector<std::string>{link} : std::vector<std::string>{}));
    check_harmless(page);
  }
}

TEST_CASE("hostile content stays text") {
  const char* const texts[] = {
      "</pre><script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "\"><svg onload=alert(1)>",
      "&lt;script&gt;",
      "</title><script>x</script>",
      "<!--",
      "-->",
      "]]>",
      "<![CDATA[",
      "\xe2\x80\xa8</pre>",
      "\x7f<",
      "&#60;script&#62;",
      "\\u003cscript\\u003e",
      "</a><script>",
  };
  for (const char* text : texts) {
    INFO(text);
    check_harmless(page_of(patient_saying(text)));
    check_harmless(page_of(R"({"resourceType":")" + std::string("<script>") + R"(","id":"</title>"})"));
  }
  CHECK(page_of(R"({"resourceType":"<script>","id":"</title>"})").find("<script>") == std::string::npos);
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string pieces[] = {"<",         ">",           "\"",     "'", "&", "\\", "/",        "http://kiln.test/fhir",
                                "Patient/1", "javascript:", "script", "=", " ", "\n", "\xc3\xbc", "#",
                                "%00",       "{",           "}",      "[", ",", ":"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (auto left = random() % 10; left > 0; --left) text += pieces[random() % std::size(pieces)];
    check_harmless(page_of(patient_saying(text)));
  }
}

TEST_CASE("the policy of a page lets its own style apply, and nothing else") {
  rest::Response response;
  response.body = std::make_shared<const std::string>(R"({"resourceType":"Patient"})");
  rest::set_form(response, model::r4(), base, rest::MediaType::html, false);
  rest::finish_body(response);
  const auto page = *response.body;
  const auto policy = tests::header(response, "Content-Security-Policy");
  const auto from = page.find("<style>") + 7;
  const auto style = page.substr(from, page.find("</style>") - from);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  REQUIRE(EVP_Digest(style.data(), style.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  unsigned char encoded[64];
  const int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
  const std::string hash(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
  CHECK(policy ==
        "default-src 'none'; style-src 'sha256-" + hash + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  CHECK(tests::header(response, "X-Content-Type-Options") == "nosniff");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find(" style=") == std::string::npos);
  CHECK(page.find("http-equiv") == std::string::npos);
}

namespace {
const tests::Fixture::Headers browser{
    {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}};
}

TEST_CASE("a browser is answered with pages, whatever it asks") {
  tests::Fixture fixture;
  REQUIRE(fixture
              .ask("PUT", "/Patient/a",
                   R"({"resourceType":"Patient","id":"a","managingOrganization":{"reference":"Organization/o"}})")
              .status == 201);
  struct {
    const char* method;
    const char* target;
    int status;
    const char* title;
  } const rows[] = {
      {"GET", "/Patient/a", 200, "200 OK - Patient/a"},
      {"GET", "/Patient/a/_history/1", 200, "200 OK - Patient/a"},
      {"GET", "/Patient/a/_history", 200, "200 OK - Bundle"},
      {"GET", "/_history", 200, "200 OK - Bundle"},
      {"GET", "/Patient?_count=1", 200, "200 OK - Bundle"},
      {"GET", "/metadata", 200, "200 OK - CapabilityStatement"},
      {"GET", "/Patient/nobody", 404, "404 Not Found - OperationOutcome"},
      {"GET", "/Patient?birthdate=never", 400, "400 Bad Request - OperationOutcome"},
      {"GET", "/Nothing/a", 404, "404 Not Found - OperationOutcome"},
      {"GET", "/Patient?name=%C3", 400, "400 Bad Request - OperationOutcome"},
      {"PATCH", "/metadata", 405, "405 Method Not Allowed - OperationOutcome"},
      {"GET", "/Patient/%3Cscript%3Ealert(1)", 404, "404 Not Found - OperationOutcome"},
      {"GET", "/%3Cscript%3Ealert(1)", 404, "404 Not Found - OperationOutcome"},
      {"GET", "/Patient/a?_format=html", 200, "200 OK - Patient/a"},
  };
  for (const auto& row : rows) {
    INFO(row.method << " " << row.target);
    const auto response = fixture.ask(row.method, row.target, {}, browser);
    const auto page = tests::body_of(response);
    CHECK(response.status == row.status);
    CHECK(page.find("<title>" + std::string(row.title) + "</title>") != std::string::npos);
    CHECK(tests::header(response, "Content-Type") == "text/html; charset=utf-8");
    CHECK(tests::header(response, "X-Content-Type-Options") == "nosniff");
    CHECK(tests::header(response, "Content-Security-Policy").find("default-src 'none'") == 0);
    check_harmless(page);
  }
  const auto read = fixture.ask("GET", "/Patient/a", {}, browser);
  CHECK(tests::header(read, "ETag") == "W/\"1\"");
  CHECK(links(tests::body_of(read)) == std::vector<std::string>{base + "/Organization/o"});
  const auto found = fixture.ask("GET", "/Patient?_format=html&_count=0", {});
  CHECK(links(tests::body_of(found)) == std::vector<std::string>{base + "/Patient?_count=0&amp;_format=html"});
  CHECK(fixture.ask("HEAD", "/Patient/a", {}, browser).status == 200);
  auto unchanged = browser;
  unchanged.emplace_back("If-None-Match", "W/\"1\"");
  CHECK(fixture.ask("GET", "/Patient/a", {}, unchanged).status == 304);
  CHECK(fixture.ask("DELETE", "/Patient/a", {}, browser).status == 204);
  CHECK(tests::body_of(fixture.ask("GET", "/Patient/a", {}, browser)).find("<title>410 Gone - OperationOutcome</title>") !=
        std::string::npos);
}

TEST_CASE("who does not prefer pages gets JSON, and nobody can send one") {
  tests::Fixture fixture;
  REQUIRE(fixture.ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a"})").status == 201);
  for (const char* accept : {"*/*", "", "application/fhir+json", "application/fhir+json, text/html",
                             "text/html;q=0.5, application/json", "text/html;q=0", "*/*, text/html"}) {
    INFO(accept);
    tests::Fixture::Headers headers;
    if (*accept) headers.emplace_back("Accept", accept);
    const auto response = fixture.ask("GET", "/Patient/a", {}, headers);
    if (std::string_view(accept) == "text/html;q=0") {
      CHECK(response.status == 406);
      continue;
    }
    CHECK(tests::body_of(response).starts_with("{"));
    CHECK(tests::header(response, "Content-Security-Policy").empty());
  }
  CHECK(tests::body_of(fixture.ask("GET", "/Patient/a", {}, {{"Accept", "text/html, application/fhir+json;q=0.9"}}))
            .starts_with("<!DOCTYPE html>"));
  CHECK(tests::body_of(fixture.ask("GET", "/Patient/a?_format=text/html", {}, {{"Accept", "application/fhir+json"}}))
            .starts_with("<!DOCTYPE html>"));
  CHECK(tests::body_of(fixture.ask("GET", "/Patient/a?_format=json", {}, browser)).starts_with("{"));
  CHECK(fixture.ask("POST", "/Patient", R"({"resourceType":"Patient"})", {{"Content-Type", "text/html"}}).status == 415);
  // Entries of a batch are in the format of the whole.
  const auto batch = fixture.ask(
      "POST", "/",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a?_format=html"}}]})");
  CHECK(formats::read_json(tests::body_of(batch), model::r4()).ok());
}
