// The change feed as its sources make it: whole commits in order, whatever is written meanwhile and wherever a reader breaks off.

#include "fhir/rest/change_source.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"
#include "tests/support/events.h"

namespace {

namespace json = boost::json;
using rest::BodySource;
using rest::ChangeRange;

// What a reader sees of a version; `resource` is its meta.versionId, or empty.
struct Seen {
  std::uint64_t commit = 0;
  std::string type, id, version, method, resource;
  auto operator<=>(const Seen&) const = default;
};

Seen parse(std::string_view line) {
  const auto value = json::parse(line).as_object();
  const auto text = [&](const char* name) { return std::string(value.at(name).as_string()); };
  Seen seen{value.at("commit").to_number<std::uint64_t>(), text("type"), text("id"), text("versionId"), text("method"), {}};
  if (const auto* resource = value.if_contains("resource")) seen.resource = resource->at("meta").at("versionId").as_string();
  return seen;
}

std::vector<Seen> parse_lines(std::string_view text) {
  std::vector<Seen> rows;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    rows.push_back(parse(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

std::vector<Seen> committed(const store::Store& store) {
  static constexpr const char* methods[] = {"POST", "PUT", "PATCH", "DELETE"};
  std::vector<Seen> rows;
  store.scan(1, [&](const store::Version& version, std::string_view, store::Hole) {
    const auto number = std::to_string(version.version);
    rows.push_back({version.commit, std::string(model::r4().type_name(version.type)), version.id, number,
                    methods[static_cast<int>(version.method)], version.deleted() ? "" : number});
    return true;
  });
  return rows;
}

std::string put_entry(const std::string& id, int filling) {
  return R"({"resource":{"resourceType":"Basic","id":")" + id + R"(","code":{"text":")" +
         std::string(static_cast<std::size_t>(filling) + 1, 'x') + R"("}},"request":{"method":"PUT","url":"Basic/)" + id + "\"}}";
}

std::string transaction(const std::vector<std::string>& entries) {
  std::string text = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (std::size_t i = 0; i < entries.size(); ++i) text += (i == 0 ? "" : ",") + entries[i];
  return text + "]}";
}

std::uint32_t seed_of(const char* test) {
  const char* given = std::getenv("KILN_SEED");
  const auto seed = given ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device()();
  std::printf("%s: KILN_SEED=%u\n", test, seed);
  return seed;
}

// Asks until there is nothing more for now.
std::string drain(BodySource& source, BodySource::Next wanted) {
  std::string all;
  for (;;) {
    std::string piece;
    const auto next = source.next(piece);
    CHECK(piece.size() < 300'000);
    all += piece;
    if (next != BodySource::Next::more) {
      CHECK(next == wanted);
      return all;
    }
    REQUIRE_FALSE(piece.empty());
  }
}

}  // namespace

TEST_CASE("events: one for each commit, its place behind its data") {
  tests::Fixture fixture;
  rest::CommitBell bell(*fixture.store);
  REQUIRE(fixture.ask("PUT", "/Basic/a", R"({"resourceType":"Basic","id":"a","code":{"text":"x"}})").status == 201);
  REQUIRE(fixture.ask("POST", "", transaction({put_entry("b", 1), put_entry("c", 1)})).status == 200);
  rest::ChangeEvents source(model::r4(), *fixture.store, bell, {});
  tests::EventReader reader;
  std::vector<tests::Event> events;
  reader.take(drain(source, BodySource::Next::later), events);
  REQUIRE(events.size() == 2);
  CHECK(events[0].id == "1");
  CHECK(parse_lines(events[0].data) == std::vector<Seen>{{1, "Basic", "a", "1", "PUT", "1"}});
  CHECK(events[1].id == "2");
  CHECK(parse_lines(events[1].data) == std::vector<Seen>{{2, "Basic", "b", "1", "PUT", "1"}, {2, "Basic", "c", "1", "PUT", "1"}});
  std::string nothing;
  CHECK(source.next(nothing) == BodySource::Next::later);
  CHECK(nothing.empty());
  REQUIRE(fixture.ask("DELETE", "/Basic/a").status == 204);
  reader.take(drain(source, BodySource::Next::later), events);
  REQUIRE(events.size() == 3);
  CHECK(parse_lines(events[2].data) == std::vector<Seen>{{3, "Basic", "a", "2", "DELETE", ""}});
  CHECK(reader.last_id() == "3");
}

TEST_CASE("events: asked from a commit still to come, the feed waits for it") {
  tests::Fixture fixture;
  rest::CommitBell bell(*fixture.store);
  rest::ChangeEvents source(model::r4(), *fixture.store, bell, {.after = 2});
  tests::EventReader reader;
  std::vector<tests::Event> events;
  for (int i = 1; i <= 4; ++i) {
    REQUIRE(fixture.ask("PUT", "/Basic/a", R"({"resourceType":"Basic","id":"a","code":{"text":"x"}})").status < 300);
    reader.take(drain(source, BodySource::Next::later), events);
    CHECK(events.size() == static_cast<std::size_t>(std::max(0, i - 2)));
  }
  CHECK(events.front().id == "3");
}

TEST_CASE("events: while nothing is told, a sign of life, and the place moves on over what is not wanted") {
  tests::Fixture fixture;
  rest::CommitBell bell(*fixture.store);
  ChangeRange range;
  range.types = {model::r4().resource_type("Patient")};
  rest::ChangeEvents source(model::r4(), *fixture.store, bell, range, std::chrono::milliseconds(0));
  tests::EventReader reader;
  std::vector<tests::Event> events;
  const auto ask = [&] {
    std::string piece;
    CHECK(source.next(piece) == BodySource::Next::more);
    reader.take(piece, events);
  };
  ask();  // how soon to connect again
  ask();
  CHECK(reader.comments() == 1);
  CHECK(reader.last_id().empty());
  REQUIRE(fixture.ask("PUT", "/Basic/a", R"({"resourceType":"Basic","id":"a","code":{"text":"x"}})").status == 201);
  ask();
  CHECK(reader.last_id() == "1");
  ask();
  CHECK(reader.comments() == 2);
  CHECK(events.empty());
  REQUIRE(fixture.ask("PUT", "/Patient/p", R"({"resourceType":"Patient","id":"p"})").status == 201);
  ask();
  REQUIRE(events.size() == 1);
  CHECK(events[0].id == "2");
}

TEST_CASE("a crowd of feeds is told in portions, each of every commit, also of those made meanwhile") {
  tests::Fixture fixture;
  constexpr std::size_t feeds = 4 * rest::CommitBell::portion;
  rest::CommitBell bell(*fixture.store);
  std::array<std::atomic<store::Document>, feeds> told{};  // what was on disk when each was last told
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> times;
  std::vector<std::shared_ptr<void>> tokens;
  for (auto& document : told) {
    tokens.push_back(bell.add([&] {
      const auto last = fixture.store->last_document();
      const std::lock_guard lock(mutex);
      times.push_back(std::chrono::steady_clock::now());
      document = last;
    }));
  }
  const auto write = [&] {
    REQUIRE(fixture.ask("PUT", "/Basic/a", R"({"resourceType":"Basic","id":"a","code":{"text":"x"}})").status < 300);
  };
  const auto all_know = [&](std::size_t from) {
    for (int i = 0; i < 1000; ++i) {
      const auto last = fixture.store->last_document();
      if (std::all_of(told.begin() + static_cast<std::ptrdiff_t>(from), told.end(),
                      [&](const auto& one) { return one == last; })) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  write();
  REQUIRE(all_know(0));
  {
    const std::lock_guard lock(mutex);
    REQUIRE(times.size() == feeds);
    for (std::size_t i = rest::CommitBell::portion; i < feeds; i += rest::CommitBell::portion) {
      CHECK(times[i] - times[i - 1] >= rest::CommitBell::pause);
    }
  }
  for (int i = 0; i < 20; ++i) write();
  CHECK(all_know(0));
  // Who has gone is told no more; who comes takes its place.
  tokens.erase(tokens.begin(), tokens.begin() + rest::CommitBell::portion);
  const auto before = told[0].load();
  std::atomic<int> late{0};
  const auto token = bell.add([&] { ++late; });
  write();
  CHECK(all_know(rest::CommitBell::portion));
  for (int i = 0; i < 1000 && late == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(late > 0);
  CHECK(told[0] == before);
}

TEST_CASE("a commit larger than a piece is one event, in bounded pieces") {
  tests::Fixture fixture;
  rest::CommitBell bell(*fixture.store);
  std::vector<std::string> entries;
  for (int i = 0; i < 400; ++i) entries.push_back(put_entry("b" + std::to_string(i), 5000));
  REQUIRE(fixture.ask("POST", "", transaction(entries)).status == 200);
  rest::ChangeEvents source(model::r4(), *fixture.store, bell, {});
  tests::EventReader reader;
  std::vector<tests::Event> events;
  reader.take(drain(source, BodySource::Next::later), events);
  REQUIRE(events.size() == 1);
  CHECK(parse_lines(events[0].data) == committed(*fixture.store));
  ChangeRange range;
  range.end = fixture.store->last_document() + 1;
  rest::ChangeLines lines(model::r4(), *fixture.store, range);
  CHECK(parse_lines(drain(lines, BodySource::Next::end)) == committed(*fixture.store));
}

TEST_CASE("followers that break off anywhere see every commit once, in order, while others write") {
  tests::Fixture fixture;
  const auto seed = seed_of("followers");
  std::atomic<bool> writing{true};
  std::vector<std::thread> writers;
  for (std::uint32_t w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      std::mt19937 random(seed + w);
      for (int i = 0; i < 60; ++i) {
        std::vector<std::string> entries;
        const auto first = random() % 20;
        for (std::uint32_t e = 0; e < 1 + random() % 6; ++e) {
          const auto id = std::to_string(w) + "-" + std::to_string((first + e) % 20);
          if (random() % 4 == 0) {
            entries.push_back(R"({"request":{"method":"DELETE","url":"Basic/)" + id + "\"}}");
          } else {
            entries.push_back(put_entry(id, random() % 50 == 0 ? 200'000 : static_cast<int>(random() % 2000)));
          }
        }
        if (fixture.ask("POST", "", transaction(entries)).status != 200) std::abort();
      }
    });
  }
  std::thread last([&] {
    for (auto& writer : writers) writer.join();
    writing = false;
  });
  std::vector<std::vector<Seen>> seen(3);
  std::vector<int> times(3, 0);
  std::vector<std::thread> followers;
  for (std::uint32_t f = 0; f < seen.size(); ++f) {
    followers.emplace_back([&, f] {
      std::mt19937 random(seed + 100 + f);
      std::string place = "0";
      for (bool whole = false; !whole;) {
        ++times[f];
        auto response = fixture.service->handle(
            tests::Fixture::request("GET", "/_changes", "", {{"Accept", "text/event-stream"}, {"Last-Event-ID", place}}));
        if (response.status != 200 || !response.source) std::abort();
        std::mutex mutex;
        std::condition_variable woken;
        bool rung = false;
        response.source->on_more([&] {
          const std::lock_guard lock(mutex);
          rung = true;
          woken.notify_one();
        });
        tests::EventReader reader;
        std::vector<tests::Event> events;
        for (int left = 1 + static_cast<int>(random() % 4); left > 0; --left) {
          const bool done = !writing;
          std::string piece;
          const auto next = response.source->next(piece);
          // Broken off in the middle of a piece, now and then.
          reader.take(left == 1 ? std::string_view(piece).substr(0, random() % (piece.size() + 1)) : piece, events);
          if (next == BodySource::Next::later && done) {
            whole = true;
            break;
          }
          std::unique_lock lock(mutex);
          if (next == BodySource::Next::later) woken.wait_for(lock, std::chrono::milliseconds(200), [&] { return rung; });
          rung = false;
        }
        response.source.reset();  // no call of ours is under way from here on
        for (const auto& event : events) {
          for (auto& row : parse_lines(event.data)) {
            if (std::to_string(row.commit) != event.id) std::abort();
            seen[f].push_back(std::move(row));
          }
        }
        if (!reader.last_id().empty()) place = reader.last_id();
      }
    });
  }
  for (auto& follower : followers) follower.join();
  last.join();
  const auto wanted = committed(*fixture.store);
  CHECK(wanted.size() > 300);
  for (std::size_t f = 0; f < seen.size(); ++f) {
    CHECK(seen[f] == wanted);
    CHECK(times[f] > 1);
  }
  // And the same by lines, a few versions at a time.
  std::vector<Seen> by_lines;
  for (std::string target = "/_changes?_count=7";;) {
    const auto response = fixture.ask("GET", target);
    REQUIRE(response.status == 200);
    auto rows = parse_lines(tests::body_of(response));
    if (rows.empty()) break;
    by_lines.insert(by_lines.end(), rows.begin(), rows.end());
    const auto link = tests::header(response, "Link");
    target =
        link.substr(std::string("<http://kiln.test/fhir").size(), link.find('>') - std::string("<http://kiln.test/fhir").size());
  }
  CHECK(by_lines == wanted);
}
