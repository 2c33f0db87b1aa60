// Clients that want the same thing at once. DESIGN.md, promise 2: every interaction behaves as if it ran alone.

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "tests/rest/fixture.h"
#include "tests/support/measured.h"

namespace {

// Runs `count` threads that begin together, and counts the statuses that they get.
template <typename Ask>
std::map<int, int> race(int count, Ask ask) {
  std::mutex mutex;
  std::condition_variable started;
  bool go = false;
  std::map<int, int> statuses;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      {
        std::unique_lock lock(mutex);
        started.wait(lock, [&] { return go; });
      }
      const int status = ask(i);
      const std::lock_guard lock(mutex);
      ++statuses[status];
    });
  }
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  started.notify_all();
  for (auto& thread : threads) thread.join();
  return statuses;
}

std::size_t count_of(tests::Fixture& fixture, std::string_view target) {
  const auto body = tests::body_of(fixture.ask("GET", target));
  const auto at = body.find("\"total\":");
  return at == std::string::npos ? 999999 : std::stoul(body.substr(at + 8));
}

}  // namespace

TEST_CASE("200 conditional creates on one identifier make one resource") {
  tests::Fixture fixture;
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]})";
  const auto statuses = race(200, [&](int) {
    return fixture.ask("POST", "/Patient", body, {{"If-None-Exist", "identifier=urn:mrn|1"}}).status;
  });
  CHECK(statuses == std::map<int, int>{{200, 199}, {201, 1}});
  CHECK(count_of(fixture, "/Patient?identifier=urn:mrn|1") == 1);
}

TEST_CASE("of 50 updates with the same If-Match one wins") {
  tests::Fixture fixture;
  const std::string body = R"({"resourceType":"Patient","id":"a"})";
  REQUIRE(fixture.ask("PUT", "/Patient/a", body).status == 201);
  for (int round = 1; round <= 5; ++round) {
    const auto tag = "W/\"" + std::to_string(round) + "\"";
    const auto statuses = race(50, [&](int) { return fixture.ask("PUT", "/Patient/a", body, {{"If-Match", tag}}).status; });
    CHECK(statuses == std::map<int, int>{{200, 1}, {412, 49}});
  }
  CHECK(tests::header(fixture.ask("GET", "/Patient/a"), "ETag") == "W/\"6\"");
}

TEST_CASE("20 clients book one slot by transaction") {
  tests::Fixture fixture;
  const std::string slot =
      R"({"resourceType":"Slot","id":"s","schedule":{"reference":"Schedule/1"},"status":"free","start":"2026-01-01T08:00:00Z","end":"2026-01-01T08:30:00Z"})";
  REQUIRE(fixture.ask("PUT", "/Slot/s", slot).status == 201);
  auto busy = slot;
  busy.replace(busy.find("free"), 4, "busy");
  const auto statuses = race(20, [&](int i) {
    const auto booking = R"({"resourceType":"Bundle","type":"transaction","entry":[
      {"resource":)" + busy +
                         R"(,"request":{"method":"PUT","url":"Slot/s","ifMatch":"W/\"1\""}},
      {"resource":{"resourceType":"Appointment","status":"booked","slot":[{"reference":"Slot/s"}],"participant":[{"actor":{"reference":"Patient/)" +
                         std::to_string(i) + R"("},"status":"accepted"}]},"request":{"method":"POST","url":"Appointment"}}]})";
    return fixture.ask("POST", "", booking).status;
  });
  CHECK(statuses == std::map<int, int>{{200, 1}, {412, 19}});
  CHECK(count_of(fixture, "/Appointment?_summary=count") == 1);
}

TEST_CASE("64 threads of conditional updates on few identifiers make one resource each") {
  tests::Fixture fixture;
  constexpr int identifiers = 5, rounds = 6;
  std::atomic<int> created{0};
  const auto statuses = race(64, [&](int i) {
    int last = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto number = std::to_string((i + round) % identifiers);
      const auto body =
          R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":")" + number + R"("}],"active":true})";
      last = fixture.ask("PUT", "/Patient?identifier=urn:mrn|" + number, body).status;
      if (last == 201) ++created;
    }
    return last;
  });
  CHECK(created == identifiers);
  CHECK(statuses.size() <= 2);  // 200, and perhaps 201: nobody was refused
  CHECK(statuses.count(412) == 0);
  CHECK(count_of(fixture, "/Patient?_summary=count") == identifiers);
  CHECK(count_of(fixture, "/_history?_count=1") == 64 * rounds);
}

TEST_CASE("transactions of conditional updates make one resource of each identifier") {
  tests::Fixture fixture;
  const auto statuses = race(40, [&](int) {
    return fixture
        .ask("POST", "", R"({"resourceType":"Bundle","type":"transaction","entry":[
      {"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01","resource":{"resourceType":"Organization","identifier":[{"system":"urn:o","value":"1"}]},"request":{"method":"PUT","url":"Organization?identifier=urn:o|1"}},
      {"resource":{"resourceType":"Patient","identifier":[{"system":"urn:p","value":"1"}],"managingOrganization":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01"}},"request":{"method":"PUT","url":"Patient?identifier=urn:p|1"}}]})")
        .status;
  });
  CHECK(statuses == std::map<int, int>{{200, 40}});
  CHECK(count_of(fixture, "/Organization?_summary=count") == 1);
  CHECK(count_of(fixture, "/Patient?_summary=count") == 1);
  CHECK(count_of(fixture, "/Patient?organization:Organization.identifier=urn:o|1&_summary=count") == 1);
}

TEST_CASE("no concurrent patch is lost") {
  tests::Fixture fixture;
  REQUIRE(fixture.ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a","identifier":[{"value":"start"}]})").status ==
          201);
  constexpr int clients = 40, each = 5;
  const auto statuses = race(clients, [&](int i) {
    for (int n = 0; n < each; ++n) {
      const auto value = std::to_string(i) + "-" + std::to_string(n);
      // Three ways to the same: by id, by criteria, within a transaction.
      const auto patch = R"([{"op":"add","path":"/identifier/-","value":{"value":")" + value + R"("}}])";
      const auto parameters =
          R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"identifier"},{"name":"value","valueIdentifier":{"value":")" +
          value + R"("}}]}]})";
      int status = 0;
      switch (i % 3) {
        case 0:
          status = fixture.ask("PATCH", "/Patient/a", patch, {{"Content-Type", "application/json-patch+json"}}).status;
          break;
        case 1:
          status = fixture.ask("PATCH", "/Patient?identifier=start", parameters).status;
          break;
        default:
          status = fixture
                       .ask("POST", "",
                            R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + parameters +
                                R"(,"request":{"method":"PATCH","url":"Patient/a"}}]})")
                       .status;
      }
      // What takes too long for the writer's thread, as all does under sanitizers, may lose its race for good: the client asks
      // again.
      if (status == 409 && !tests::measured) {
        --n;
        continue;
      }
      if (status != 200) return status;
    }
    return 200;
  });
  CHECK(statuses == std::map<int, int>{{200, clients}});
  const auto body = tests::body_of(fixture.ask("GET", "/Patient/a"));
  for (int i = 0; i < clients; ++i) {
    for (int n = 0; n < each; ++n) {
      const auto value = "{\"value\":\"" + std::to_string(i) + "-" + std::to_string(n) + "\"}";
      INFO(value);
      CHECK(body.find(value) != std::string::npos);
    }
  }
  CHECK(count_of(fixture, "/Patient/a/_history?_count=1") == clients * each + 1);
}

TEST_CASE("of 50 patches with the same If-Match one wins") {
  tests::Fixture fixture;
  REQUIRE(fixture.ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a"})").status == 201);
  const auto statuses = race(50, [&](int i) {
    const auto patch = R"([{"op":"add","path":"/birthDate","value":"19)" + std::to_string(10 + i) + R"("}])";
    return fixture.ask("PATCH", "/Patient/a", patch, {{"Content-Type", "application/json-patch+json"}, {"If-Match", "W/\"1\""}})
        .status;
  });
  CHECK(statuses == std::map<int, int>{{200, 1}, {412, 49}});
}

TEST_CASE("conditional deletes and creates of the same at once: never two, never a fault") {
  tests::Fixture fixture;
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"1"}]})";
  const auto statuses = race(60, [&](int i) {
    for (int n = 0; n < 5; ++n) {
      const auto response = i % 2 == 0 ? fixture.ask("PUT", "/Patient?identifier=urn:mrn|1", body)
                                       : fixture.ask("DELETE", "/Patient?identifier=urn:mrn|1");
      if (response.status >= 400) return response.status;
      if (count_of(fixture, "/Patient?identifier=urn:mrn|1") > 1) return 999;
    }
    return 200;
  });
  CHECK(statuses == std::map<int, int>{{200, 60}});
}

TEST_CASE("racing transactions with the same conditional create share what the first made") {
  tests::Fixture fixture;
  constexpr int clients = 60;
  const auto statuses = race(clients, [&](int i) {
    // Odd clients refer to the organization by search instead: it may or may not be there yet.
    const std::string entry =
        i % 2 == 0
            ? R"({"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01","resource":{"resourceType":"Organization","identifier":[{"system":"urn:o","value":"1"}]},
                        "request":{"method":"POST","url":"Organization","ifNoneExist":"identifier=urn:o|1"}},)"
            : "";
    const std::string reference =
        i % 2 == 0 ? "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f01" : "Organization?identifier=urn:o|1";
    const auto bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entry +
                        R"({"resource":{"resourceType":"Patient","managingOrganization":{"reference":")" + reference +
                        R"("}},"request":{"method":"POST","url":"Patient"}}]})";
    return fixture.ask("POST", "", bundle).status;
  });
  const auto made = statuses.count(200) ? statuses.at(200) : 0;
  const auto refused = statuses.count(422) ? statuses.at(422) : 0;
  CHECK(made + refused == clients);
  CHECK(made >= clients / 2);
  CHECK(count_of(fixture, "/Organization?identifier=urn:o|1") == 1);
  const auto page = tests::body_of(fixture.ask("GET", "/Organization?identifier=urn:o|1"));
  const auto at = page.find("\"fullUrl\":\"http://kiln.test/fhir/") + 33;
  const auto organization = page.substr(at, page.find('"', at) - at);
  CHECK(count_of(fixture, "/Patient?organization=" + organization + "&_summary=count") == static_cast<std::size_t>(made));
}

TEST_CASE("a batch of creates on one identifier makes one resource") {
  tests::Fixture fixture;
  std::string bundle = R"({"resourceType":"Bundle","type":"batch","entry":[)";
  for (int i = 0; i < 300; ++i) {
    bundle +=
        (i ? "," : "") +
        std::string(
            R"({"resource":{"resourceType":"Patient","identifier":[{"value":"1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=1"}})");
  }
  REQUIRE(fixture.ask("POST", "", bundle + "]}").status == 200);
  CHECK(count_of(fixture, "/Patient?identifier=1") == 1);
}

TEST_CASE("transactions of thousands of entries, with conditions, beside small writes") {
  tests::Fixture fixture;
  constexpr int patients = 1500;
  const auto bundle = [&](int round) {
    std::string text = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (int i = 0; i < patients; ++i) {
      const auto n = std::to_string(i);
      text += std::string(i ? "," : "") + R"({"resource":{"resourceType":"Patient","identifier":[{"system":"urn:p","value":")" +
              n + R"("}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:p|)" + n +
              R"("}},{"resource":{"resourceType":"Observation","id":"o)" + n + "-" + std::to_string(round) +
              R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?identifier=urn:p|)" + n +
              R"("}},"request":{"method":"PUT","url":"Observation/o)" + n + "-" + std::to_string(round) + R"("}})";
    }
    return text + "]}";
  };
  std::atomic<bool> stop{false};
  std::thread small([&] {
    for (int i = 0; !stop; ++i)
      fixture.ask("PUT", "/Basic/b" + std::to_string(i % 50),
                  R"({"resourceType":"Basic","id":"b)" + std::to_string(i % 50) + R"(","code":{"text":"x"}})");
  });
  const auto statuses = race(3, [&](int round) { return fixture.ask("POST", "", bundle(round)).status; });
  stop = true;
  small.join();
  CHECK(statuses == std::map<int, int>{{200, 3}});
  CHECK(count_of(fixture, "/Patient?_summary=count") == patients);
  CHECK(count_of(fixture, "/Observation?_summary=count") == 3 * patients);
  CHECK(count_of(fixture, "/Observation?subject:missing=true&_summary=count") == 0);
}

TEST_CASE("answers come from the caller's thread or the writer's, once each") {
  tests::Fixture fixture;
  std::atomic<int> answers{0};
  constexpr int requests = 500;
  for (int i = 0; i < requests; ++i) {
    fixture.service->handle(tests::Fixture::request(i % 2 ? "POST" : "GET", i % 2 ? "/Patient" : "/metadata",
                                                    i % 2 ? R"({"resourceType":"Patient"})" : ""),
                            [&](rest::Response) { ++answers; });
  }
  fixture.service.reset();  // waits for what is under way
  CHECK(answers == requests);
}
