// Requests that carry an Idempotency-Key, many at once.

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/rest/fixture.h"

namespace {

struct Answers {
  std::mutex mutex;
  std::set<std::string> bodies;
  std::map<std::string, int> marks;  // of Idempotent-Replayed, by status
};

// The same request from so many threads at once.
void ask_at_once(tests::Fixture& fixture, int count, const std::string& method, const std::string& target,
                 const std::string& body, const tests::Fixture::Headers& headers, Answers& answers) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < count) std::this_thread::yield();
      const auto response = fixture.ask(method, target, body, headers);
      const std::lock_guard lock(answers.mutex);
      answers.bodies.insert(tests::body_of(response) + tests::header(response, "ETag") + tests::header(response, "Location"));
      ++answers.marks[std::to_string(response.status) + tests::header(response, "Idempotent-Replayed")];
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("of requests under one key that arrive at once one is carried out, all are given its answer") {
  tests::Fixture fixture;
  for (int round = 0; round < 20; ++round) {
    Answers answers;
    ask_at_once(fixture, 16, "POST", "/Patient", R"({"resourceType":"Patient"})",
                {{"Idempotency-Key", "key-" + std::to_string(round)}}, answers);
    CHECK(answers.bodies.size() == 1);
    CHECK(answers.marks == std::map<std::string, int>{{"201", 1}, {"201true", 15}});
  }
  CHECK(fixture.store->last_document() == 20);
}

TEST_CASE("of conditional creates under one key that arrive at once all are given one answer") {
  tests::Fixture fixture;
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]})";
  for (int round = 0; round < 5; ++round) {
    Answers answers;
    ask_at_once(fixture, 16, "POST", "/Patient", body,
                {{"Idempotency-Key", "key-" + std::to_string(round)}, {"If-None-Exist", "identifier=urn:mrn|1"}}, answers);
    const std::string status = round == 0 ? "201" : "200";
    CHECK(answers.bodies.size() == 1);
    CHECK(answers.marks == std::map<std::string, int>{{status, 1}, {status + "true", 15}});
  }
  CHECK(fixture.store->last_document() == 1);
}

TEST_CASE("keys outlive the service that took them, and its name") {
  const std::string patient = R"({"resourceType":"Patient","id":"a"})";
  const std::string entries = R"("entry":[{"resource":)" + patient +
                              R"(,"request":{"method":"POST","url":"Patient"}},{"resource":)" + patient +
                              R"(,"request":{"method":"PUT","url":"Patient/a"}}]})";
  const std::string reads = R"("entry":[{"request":{"method":"GET","url":"Patient?_count=1"}}]})";
  const std::string bundle = R"({"resourceType":"Bundle","type":)";
  const std::vector<std::pair<std::string, std::string>> asked = {{"/Patient", patient},
                                                                  {"", bundle + R"("batch",)" + entries},
                                                                  {"", bundle + R"("transaction",)" + entries},
                                                                  {"", bundle + R"("transaction",)" + reads}};
  tests::Fixture fixture;
  std::vector<rest::Response> first;
  const auto ask = [&](std::size_t i) {
    return fixture.ask("POST", asked[i].first, asked[i].second,
                       {{"Idempotency-Key", "key-" + std::to_string(i)}, {"Prefer", "return=representation"}});
  };
  for (std::size_t i = 0; i < asked.size(); ++i) first.push_back(ask(i));
  const auto written = fixture.store->last_document();
  rest::ServiceOptions options;
  options.base_url = "http://renamed.test/fhir";
  fixture.service = std::make_unique<rest::Service>(model::r4(), *fixture.store, *fixture.search, options);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto again = ask(i);
    INFO(asked[i].second);
    CHECK(again.status == first[i].status);
    CHECK(tests::body_of(again) == tests::body_of(first[i]));
    CHECK(tests::header(again, "Location") == tests::header(first[i], "Location"));
    CHECK(tests::header(again, "Idempotent-Replayed") == "true");
  }
  CHECK(fixture.store->last_document() == written);
  CHECK(tests::body_of(first[3]).find("kiln.test") != std::string::npos);
}
