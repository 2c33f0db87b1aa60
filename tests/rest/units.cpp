// The small parts: ids, paths and queries, dates and tags, formats.

#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "fhir/rest/conditional.h"
#include "fhir/rest/ids.h"
#include "fhir/rest/negotiate.h"
#include "fhir/rest/target.h"
#include "resources-gen/model/schema.h"

TEST_CASE("ids grow with time and are never given twice") {
  rest::IdSource source;
  std::mutex mutex;
  std::set<std::string> all;
  std::vector<std::thread> threads;
  bool sorted = true;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<std::string> mine;
      for (int i = 0; i < 20000; ++i) mine.push_back(source.next());
      const std::lock_guard lock(mutex);
      sorted = sorted && std::is_sorted(mine.begin(), mine.end());
      all.insert(mine.begin(), mine.end());
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(sorted);
  CHECK(all.size() == 80000);
  for (const auto& id : {*all.begin(), *all.rbegin()}) {
    CHECK(rest::is_id(id));
    CHECK(id.size() == 20);
  }
  // Another run's ids differ even in the same millisecond, and follow the clock.
  rest::IdSource later;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto next = later.next();
  CHECK(next.substr(13) != all.begin()->substr(13));
  CHECK(next > *all.begin());
}

TEST_CASE("paths") {
  struct Row {
    const char* target;
    int status;  // 0: understood
    rest::Shape shape;
    const char* id;
    const char* version;
  };
  using S = rest::Shape;
  const Row rows[] = {
      {"/fhir", 0, S::base, "", ""},
      {"/fhir/", 0, S::base, "", ""},
      {"/fhir?_pretty=true", 0, S::base, "", ""},
      {"/fhir/metadata", 0, S::metadata, "", ""},
      {"/fhir/_history", 0, S::system_history, "", ""},
      {"/fhir/Patient", 0, S::type, "", ""},
      {"/fhir/Patient/_search", 0, S::type_search, "", ""},
      {"/fhir/Patient/_history", 0, S::type_history, "", ""},
      {"/fhir/Patient/a.B-1", 0, S::instance, "a.B-1", ""},
      {"/fhir/Patient/a/", 0, S::instance, "a", ""},
      {"/fhir/Patient/a/_history", 0, S::instance_history, "a", ""},
      {"/fhir/Patient/a/_history/3", 0, S::version, "a", "3"},
      {"/fhir/Patient/a#top", 400, S::base, "", ""},
      {"/fhir/_search", 0, S::system_search, "", ""},
      {"/fhir/Patient/a/Observation", 0, S::compartment, "a", ""},
      {"/fhir/Patient/a/*/", 0, S::compartment, "a", ""},
      {"/fhir/Patient/a/_search", 0, S::compartment_search, "a", ""},
      {"/fhir/Patient/a/*/_search", 0, S::compartment_search, "a", ""},
      {"/fhir/Patient/a/Observation/_search", 0, S::compartment_search, "a", ""},
      {"/fhir/Organization/a/Observation", 404, S::base, "", ""},
      {"/fhir/Patient/a/Medication", 404, S::base, "", ""},
      {"/fhir/Patient/a/Observation/b", 404, S::base, "", ""},
      {"/fhir/Patient/a_b/Observation", 404, S::base, "", ""},
      {"/fhirs/Patient", 404, S::base, "", ""},
      {"/", 404, S::base, "", ""},
      {"", 404, S::base, "", ""},
      {"/fhir/Patient/a/_history/3/x", 404, S::base, "", ""},
      {"/fhir/Resource/a", 404, S::base, "", ""},
      {"/fhir/../etc/passwd", 404, S::base, "", ""},
      {"/fhir/Patient/%zz", 400, S::base, "", ""},
      {"/fhir/Patient/%", 400, S::base, "", ""},
      {"/fhir/Patient/%00", 400, S::base, "", ""},
      {"/fhir/Patient/%ff", 400, S::base, "", ""},
      {"/fhir/Patient?a=%c0%80", 400, S::base, "", ""},
      {"/fhir/Patient?a=%ed%a0%80", 400, S::base, "", ""},
      {"/fhir/Patient?a=\xf0\x9f", 400, S::base, "", ""},
  };
  for (const auto& row : rows) {
    INFO(row.target);
    const auto target = rest::parse_target(row.target, "/fhir", model::r4());
    if (row.status != 0) {
      REQUIRE_FALSE(bool(target));
      CHECK(target.error().kind == (row.status == 400 ? model::FailureKind::bad_request : model::FailureKind::not_found));
      continue;
    }
    REQUIRE(bool(target));
    CHECK(target->shape == row.shape);
    CHECK(target->id == row.id);
    CHECK(target->version == row.version);
  }
}

TEST_CASE("queries") {
  const auto arguments = rest::parse_query("a=1&b:not=x|y>z&&c=%C3%A9+e&d&=e&f=g=h", "the query");
  REQUIRE(bool(arguments));
  std::string all;
  for (const auto& [name, value] : *arguments) all += name + "[" + value + "] ";
  CHECK(all == "a[1] b:not[x|y>z] c[\xC3\xA9 e] d[] [e] f[g=h] ");
  std::string many = "a=1";
  for (int i = 1; i < 1000; ++i) many += "&a=1";
  CHECK(rest::parse_query(many, "the query").value().size() == 1000);
  for (int i = 0; i < 10; ++i) many += "&" + many;
  const auto refused = rest::parse_query(many, "the query");
  REQUIRE_FALSE(bool(refused));
  CHECK(refused.error().issues.begin()->code == model::IssueCode::too_costly);
  CHECK(rest::arguments_of("/Patient?" + many).size() == 1000);
  std::string encoded;
  rest::append_query_value(encoded, "urn:x|1&2=3+4 \xC3\xA9\"#%");
  CHECK(encoded == "urn:x%7C1%262%3D3%2B4%20%C3%A9%22%23%25");
  CHECK(rest::percent_decode(encoded, true, "x").value() == "urn:x|1&2=3+4 \xC3\xA9\"#%");
}

TEST_CASE("HTTP dates") {
  struct Row {
    std::int64_t milliseconds;
    const char* text;
  };
  for (const auto& row : std::initializer_list<Row>{{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
                                                    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
                                                    {951782400999, "Tue, 29 Feb 2000 00:00:00 GMT"},
                                                    {-1000, "Wed, 31 Dec 1969 23:59:59 GMT"},
                                                    {4102444799000, "Thu, 31 Dec 2099 23:59:59 GMT"}}) {
    CHECK(rest::http_date(row.milliseconds) == row.text);
    REQUIRE(rest::parse_http_date(row.text).has_value());
    CHECK(*rest::parse_http_date(row.text) == (row.milliseconds - (row.milliseconds % 1000 + 1000) % 1000) / 1000);
  }
  for (const auto* text :
       {"", "now", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sunday, 06-Nov-94 08:49:37", "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94", "Xxx Nov  6 08:49:37 1994", "Sun, 06-Nov-94 08:49:37 GMT", "Sun,", ","}) {
    CHECK_FALSE(rest::parse_http_date(text).has_value());
  }
  // The obsolete forms; a year of two digits is the nearest that is not more than 50 years ahead.
  CHECK(rest::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
  CHECK(rest::parse_http_date("Sun Nov  6 08:49:37 1994") == 784111777);
  CHECK(rest::parse_http_date("Wednesday, 01-Jan-20 00:00:00 GMT") == 1577836800);
}

TEST_CASE("entity tags") {
  struct Row {
    const char* text;
    bool good;
    bool names_three;
  };
  for (const auto& row : std::initializer_list<Row>{{"W/\"3\"", true, true},
                                                    {"\"3\"", true, true},
                                                    {"W/\"1\",W/\"3\" , \"9\"", true, true},
                                                    {"*", true, true},
                                                    {"W/\"03\"", true, false},
                                                    {"W/\"+3\"", true, false},
                                                    {"W/\"99999999999999999999\"", true, false},
                                                    {"W/\"\"", true, false},
                                                    {"3", false, false},
                                                    {"W/3", false, false},
                                                    {"\"3", false, false},
                                                    {"W/\"3\" W/\"4\"", true, false}}) {
    INFO(row.text);
    const auto tags = rest::parse_tags(row.text, "If-Match");
    REQUIRE(bool(tags) == row.good);
    if (tags) CHECK(tags->name(3) == row.names_three);
  }
  CHECK(!rest::parse_tags("", "If-Match")->present);
  CHECK(rest::etag(18446744073709551615u) == "W/\"18446744073709551615\"");
}

TEST_CASE("formats asked for") {
  struct Row {
    const char* accept;
    const char* answer;  // null: refused
  };
  for (const auto& row :
       std::initializer_list<Row>{{"", "application/fhir+json"},
                                  {"*/*", "application/fhir+json"},
                                  {" application/*;q=0.1 ", "application/fhir+json"},
                                  {"Application/FHIR+JSON", "application/fhir+json"},
                                  {"application/json", "application/json"},
                                  {"text/*", "text/json"},
                                  {"json", nullptr},
                                  {"application/fhir+json;q=0.000", nullptr},
                                  {"application/fhir+json;q=0.001,application/json;q=0", "application/fhir+json"},
                                  {",,,", nullptr},
                                  {"application/fhir+json;x=\"a,b;c\";fhirVersion=4.0.1", "application/fhir+json"},
                                  {"application/fhir+json;fhirVersion=4.3", nullptr},
                                  {"text/html;level=\"", "text/html"}}) {
    INFO(row.accept);
    const auto type = rest::choose_answer(nullptr, row.accept);
    REQUIRE(bool(type) == (row.answer != nullptr));
    if (type) CHECK(rest::media_name(*type) == row.answer);
  }
}
