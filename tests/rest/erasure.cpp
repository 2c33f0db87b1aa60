// Erasure beside searches, histories and writes: what was erased before a request began is in no answer to it, and no answer is
// an error because of it.

#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "tests/rest/fixture.h"

namespace {

namespace json = boost::json;

constexpr int resources = 150;

struct Trial {
  Trial() {
    for (int i = 0; i < resources; ++i) {
      const auto id = std::to_string(i);
      for (const auto* gender : {"male", "female"}) put("Patient", "p" + id, R"("gender":")" + std::string(gender) + "\"");
      put("Observation", "o" + id, R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p)" + id + "\"}");
    }
  }

  void put(const std::string& type, const std::string& id, const std::string& members) {
    const auto body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"," + members + "}";
    if (const int status = fixture.ask("PUT", "/" + type + "/" + id, body).status; status != 200 && status != 201)
      fail("a write was answered " + std::to_string(status));
  }

  void fail(const std::string& what) {
    const std::lock_guard lock(mutex);
    if (faults.size() < 10) faults.push_back(what);
  }

  // Asks, follows next links for some pages, and looks for patients that were erased before.
  void walk(std::string target, int pages) {
    while (!target.empty() && pages-- > 0) {
      const int before = erased;
      const auto response = fixture.ask("GET", target);
      if (response.status == 410 && target.find("_page=") != std::string::npos) return;  // its place is erased
      if (response.status != 200) return fail(target + ": " + std::to_string(response.status) + " " + tests::body_of(response));
      const auto bundle = json::parse(tests::body_of(response)).as_object();
      target.clear();
      for (const auto& link : bundle.at("link").as_array()) {
        if (link.at("relation") == "next") target = std::string(link.at("url").as_string()).substr(21);
      }
      const auto* entries = bundle.if_contains("entry");
      for (const auto& entry : entries ? entries->as_array() : json::array()) {
        const std::string url(entry.at("fullUrl").as_string());
        const auto at = url.find("Patient/p");
        if (at != std::string::npos && std::stoi(url.substr(at + 9)) < before) fail("found after its erasure: " + url);
      }
    }
  }

  static rest::ServiceOptions options() {
    rest::ServiceOptions out;
    out.allow_erasure = true;
    return out;
  }

  tests::Fixture fixture{options()};
  std::atomic<int> erased{0};  // patients below are, and it was acknowledged
  std::atomic<bool> done{false};
  std::mutex mutex;
  std::vector<std::string> faults;
};

}  // namespace

TEST_CASE("what is erased is in no answer to what is asked afterwards, under load") {
  Trial trial;
  const std::vector<std::string> targets{"/Patient?gender=female&_count=7",
                                         "/Patient?_count=7&_sort=_id",
                                         "/Patient?gender=female&_count=7&_sort=_lastUpdated",
                                         "/Patient?_count=7&_sort=-gender",
                                         "/Observation?_count=7&_include=Observation:subject",
                                         "/_history?_count=9",
                                         "/Patient/_history?_count=9&_sort=_lastUpdated",
                                         "/_history?_count=9&_at=2999",
                                         "/Patient/_history?_since=2020"};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      while (!trial.done) {
        trial.walk(targets[random() % targets.size()], 5);
        const int before = trial.erased, i = static_cast<int>(random() % resources);
        const auto path = "/Patient/p" + std::to_string(i);
        for (const auto& each : {path, path + "/_history/1", path + "/_history"}) {
          const int status = trial.fixture.ask("GET", each).status;
          if (i < before ? status != 404 : status != 200 && status != 404) trial.fail(each + " " + std::to_string(status));
        }
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !trial.done; ++i) trial.put("Practitioner", "d" + std::to_string(i % 20), R"("active":true)");
  });
  for (int i = 0; i < resources; ++i) {
    const auto path = "/Patient/p" + std::to_string(i);
    if (i % 2 == 0) CHECK(trial.fixture.ask("DELETE", path + "/_history").status == 204);
    CHECK(trial.fixture.ask("DELETE", path + "?_hardDelete=true").status == 204);
    trial.erased = i + 1;
  }
  trial.done = true;
  for (auto& thread : threads) thread.join();
  for (const auto& fault : trial.faults) UNSCOPED_INFO(fault);
  CHECK(trial.faults.empty());
  CHECK(tests::body_of(trial.fixture.ask("GET", "/Patient?_summary=count")).find("\"total\":0") != std::string::npos);
  CHECK(tests::body_of(trial.fixture.ask("GET", "/Patient/_history?_count=0")).find("\"total\":0") != std::string::npos);
  CHECK(trial.fixture.store->check().faults.empty());
  CHECK(trial.fixture.search->check().empty());
}
