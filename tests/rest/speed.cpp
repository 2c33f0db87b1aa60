// How long things take, on the memory engine: `test_rest "[.speed]"`. Figures, no verdicts.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tests/rest/fixture.h"

namespace {

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

std::string observation(const std::string& patient, int i) {
  return R"({"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":")" +
         patient + R"("},"effectiveDateTime":"2014-03-0)" + std::to_string(i % 9 + 1) +
         R"(T01:00:00+01:00","issued":"2014-03-02T01:00:00.123+01:00","valueQuantity":{"value":)" + std::to_string(i % 200) +
         R"(.5,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}})";
}

}  // namespace

TEST_CASE("a cached read", "[.speed]") {
  tests::Fixture fixture;
  std::string body = R"({"resourceType":"Patient","id":"a","name":[)";
  for (int i = 0; i < 40; ++i)
    body += (i ? "," : "") + std::string(R"({"family":"Moser","given":["Anna","Maria"],"use":"official"})");
  REQUIRE(fixture.ask("PUT", "/Patient/a", body + "]}").status == 201);
  fixture.ask("GET", "/Patient/a");
  const auto request = tests::Fixture::request(
      "GET", "/Patient/a", {},
      {{"Host", "kiln.test"}, {"User-Agent", "bench/1.0"}, {"Accept", "application/fhir+json"}, {"Accept-Encoding", "gzip"}});
  constexpr int rounds = 500000;
  std::size_t bytes = 0;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) bytes += fixture.service->try_quick(request)->body->size();
  WARN("try_quick: " << microseconds_since(start) / rounds << " us, body of " << bytes / rounds);
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds / 5; ++i) fixture.service->handle(request, [](rest::Response) {});
  WARN("handle: " << microseconds_since(start) / (rounds / 5.0) << " us");
}

TEST_CASE("writes", "[.speed]") {
  tests::Fixture fixture;
  constexpr int rounds = 30000;
  std::atomic<int> left{rounds};
  std::mutex mutex;
  std::condition_variable all;
  const auto done = [&](rest::Response response) {
    if (response.status != 201 && response.status != 200) std::abort();
    if (--left == 0) {
      const std::lock_guard lock(mutex);
      all.notify_all();
    }
  };
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i)
    fixture.service->handle(tests::Fixture::request("POST", "/Observation", observation("Patient/1", i)), done);
  WARN("create, worker's part: " << microseconds_since(start) / rounds << " us");
  {
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return left == 0; });
  }
  WARN("create, all: " << microseconds_since(start) / rounds << " us");
  left = rounds / 10;
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds / 10; ++i) {
    const auto text =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01","resource":{"resourceType":"Patient","gender":"female","name":[{"family":"Moser"}],"identifier":[{"system":"urn:mrn","value":")" +
        std::to_string(i) + R"("}]},"request":{"method":"POST","url":"Patient"}},{"resource":)" +
        observation("urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01", i) +
        R"(,"request":{"method":"POST","url":"Observation"}}]})";
    fixture.service->handle(tests::Fixture::request("POST", "", text), done);
  }
  {
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return left == 0; });
  }
  WARN("transaction of a patient and an observation: " << microseconds_since(start) / (rounds / 10.0) << " us");
}

TEST_CASE("large transactions", "[.speed]") {
  for (const int entries : {1000, 5000, 20000}) {
    tests::Fixture fixture;
    std::string text = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (int i = 0; i < entries; ++i)
      text += std::string(i ? "," : "") + R"({"resource":)" + observation("Patient/1", i) +
              R"(,"request":{"method":"POST","url":"Observation"}})";
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(fixture.ask("POST", "", text + "]}").status == 200);
    WARN(entries << " entries: " << microseconds_since(start) / entries << " us each");
  }
}

TEST_CASE("a search page of 20", "[.speed]") {
  tests::Fixture fixture;
  for (int i = 0; i < 2000; ++i)
    fixture.ask("POST", "/Observation", observation("Patient/" + std::to_string(i % 50), i), {{"Prefer", "return=minimal"}});
  const auto request = tests::Fixture::request("GET", "/Observation?patient=7&code=8302-2&_count=20");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 5000; ++i) fixture.service->handle(request, [](rest::Response) {});
  WARN("search: " << microseconds_since(start) / 5000 << " us");
}
