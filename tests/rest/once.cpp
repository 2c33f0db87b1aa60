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

TEST_CASE("keys outlive the service that took them") {
  tests::Fixture fixture;
  const std::string body = R"({"resourceType":"Patient"})";
  const auto first = fixture.ask("POST", "/Patient", body, {{"Idempotency-Key", "a"}});
  rest::ServiceOptions options;
  options.base_url = "http://renamed.test/fhir";  // the answer is the first, its Location too
  fixture.service = std::make_unique<rest::Service>(model::r4(), *fixture.store, *fixture.search, options);
  const auto second = fixture.ask("POST", "/Patient", body, {{"Idempotency-Key", "a"}});
  CHECK(second.status == 201);
  CHECK(tests::body_of(first) == tests::body_of(second));
  CHECK(tests::header(first, "Location") == tests::header(second, "Location"));
  CHECK(fixture.store->last_document() == 1);
}
