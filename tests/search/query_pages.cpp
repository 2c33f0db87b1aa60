#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/search/query_world.h"

using query_test::matches_of;
using query_test::World;
using Strings = std::vector<std::string>;

namespace {

void put_patient(World& world, const std::string& id, const std::string& family, const std::string& gender = "male") {
  world.put(R"({"resourceType":"Patient","id":")" + id + R"(","gender":")" + gender + R"(","name":[{"family":")" + family +
            R"("}]})");
}

// Pages in both directions from the link given, until it ends.
std::vector<Strings> walk(World& world, std::string link, bool forward) {
  std::vector<Strings> out;
  while (!link.empty()) {
    const search::Page page = world.page("Patient?" + link);
    out.push_back(matches_of(page));
    link = forward ? page.next : page.previous;
  }
  return out;
}

}  // namespace

TEST_CASE("pages follow each other both ways, and know their ends", "[query]") {
  World world;
  for (int i = 0; i < 10; ++i) put_patient(world, "p" + std::to_string(i), "F" + std::to_string(9 - i));
  struct Row {
    std::string query;
    std::vector<Strings> pages;
  };
  const Row rows[] = {
      {"_count=4&_total=accurate", {{"p9", "p8", "p7", "p6"}, {"p5", "p4", "p3", "p2"}, {"p1", "p0"}}},
      {"_count=4&_total=accurate&_sort=_lastUpdated", {{"p0", "p1", "p2", "p3"}, {"p4", "p5", "p6", "p7"}, {"p8", "p9"}}},
      {"_count=4&_total=accurate&_sort=family", {{"p9", "p8", "p7", "p6"}, {"p5", "p4", "p3", "p2"}, {"p1", "p0"}}},
      {"_count=4&_total=accurate&_sort=-family", {{"p0", "p1", "p2", "p3"}, {"p4", "p5", "p6", "p7"}, {"p8", "p9"}}},
      {"_count=5&_total=accurate&_sort=_id", {{"p0", "p1", "p2", "p3", "p4"}, {"p5", "p6", "p7", "p8", "p9"}}},
      {"_count=10&_total=accurate", {{"p9", "p8", "p7", "p6", "p5", "p4", "p3", "p2", "p1", "p0"}}},
  };
  for (const Row& row : rows) {
    INFO(row.query);
    CHECK(walk(world, row.query, true) == row.pages);
    const search::Page first = world.page("Patient?" + row.query);
    CHECK(first.total == 10);
    CHECK(first.previous.empty());
    CHECK(first.self == row.query);
    if (row.pages.size() == 1) {
      CHECK((first.next.empty() && first.last.empty() && first.first.empty()));
      continue;
    }
    CHECK(matches_of(world.page("Patient?" + first.first)) == row.pages.front());
    const search::Page last = world.page("Patient?" + first.last);
    CHECK(last.next.empty());
    CHECK(last.total == 10);
    auto backwards = walk(world, first.last, false);
    std::reverse(backwards.begin(), backwards.end());
    CHECK(backwards == row.pages);
    CHECK(world.page("Patient?" + first.next).self == first.next);
  }
}

TEST_CASE("pages are frozen at the first one's moment", "[query]") {
  World world(World::Kind::disk);
  for (int i = 0; i < 9; ++i) put_patient(world, "p" + std::to_string(i), "Smith");
  for (const std::string query : {"name=smith&_count=3", "name=smith&_count=3&_sort=_id", "name=smith&_count=3&_sort=name"}) {
    DYNAMIC_SECTION(query) {
      const search::Page first = world.page("Patient?" + query);
      Strings seen = matches_of(first);
      put_patient(world, "q1", "Smith");            // created meanwhile
      put_patient(world, "p3", "Jones");            // no longer a match
      put_patient(world, "p8", "Smith", "female");  // a newer version of one already seen
      world.remove("Patient", "p2");                // deleted meanwhile
      world.flush();
      std::string next = first.next;
      int pages = 1;
      for (; !next.empty(); ++pages) {
        if (pages == 2) world.reopen();
        const search::Page page = world.page("Patient?" + next);
        for (const search::Match& match : page.matches) {
          CHECK(match.version.version == 1);
          seen.push_back(match.version.id);
        }
        next = page.next;
      }
      CHECK(pages == 3);
      CHECK(seen.size() == 9);
      CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 9);
      CHECK(world.ids("Patient?name=smith").size() == 8);
    }
  }
}

TEST_CASE("page tokens are checked", "[query]") {
  World world;
  for (int i = 0; i < 9; ++i) put_patient(world, "p" + std::to_string(i), "Smith");
  const search::Page first = world.page("Patient?name=smith&_count=3");
  const auto at = first.next.find("_page=");
  REQUIRE(at != std::string::npos);
  const std::string token = first.next.substr(at + 6);
  CHECK(token.size() < 80);

  SECTION("one changed character is refused") {
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      if (changed == token) continue;
      INFO(changed);
      CHECK_THAT(world.fault("Patient?name=smith&_count=3&_page=" + changed), Catch::Contains("_page"));
    }
  }
  SECTION("so is what is no token") {
    for (const std::string text : {"x", "-", "AAAA", "%00", "!!!!", "next"}) {
      CHECK_THAT(world.fault("Patient?name=smith&_count=3&_page=" + text), Catch::Contains("_page"));
    }
    CHECK_THAT(world.fault("Patient?name=smith&_count=3&_page=" + token.substr(0, token.size() - 1)), Catch::Contains("_page"));
    CHECK_THAT(world.fault("Patient?name=smith&_count=3&_page=" + std::string(5000, 'A')), Catch::Contains("_page"));
    CHECK_THAT(world.fault("Patient?name=smith&_count=3&_page=" + token + "&_page=" + token), Catch::Contains("more than once"));
  }
  SECTION("and a token of another search") {
    for (const std::string query :
         {"name=smit&_count=3", "name=smith&_count=4", "name=smith", "name=smith&_count=3&gender=male"}) {
      CHECK_THAT(world.fault("Patient?" + query + "&_page=" + token), Catch::Contains("another search"));
    }
  }
  SECTION("another server's token is none") {
    World other;
    for (int i = 0; i < 9; ++i) put_patient(other, "p" + std::to_string(i), "Smith");
    CHECK_THAT(other.fault("Patient?" + first.next), Catch::Contains("_page"));
  }
}

TEST_CASE("an empty store has an empty page", "[query]") {
  World world;
  for (const std::string query : {"", "name=x", "_sort=name", "_id=x", "_sort=_id", "name:missing=true", "_lastUpdated=gt2000"}) {
    INFO(query);
    const search::Page page = world.page("Patient?" + query);
    CHECK(page.matches.empty());
    CHECK(page.total == 0);
    CHECK((page.next.empty() && page.previous.empty() && page.first.empty() && page.last.empty()));
  }
}

TEST_CASE("totals follow the query's policy", "[query]") {
  World world;
  std::vector<std::string> batch;
  for (int i = 0; i < 5000; ++i) {
    batch.push_back(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","gender":")" +
                    (i % 2 == 0 ? "male" : "female") + R"(","active":)" + (i % 5 == 0 ? "true" : "false") + "}");
    if (batch.size() == 500) {
      world.put_together(batch);
      batch.clear();
    }
  }
  put_patient(world, "p0", "Smith");
  world.remove("Patient", "p1");
  // 4999 alive, 2500 male (p0 among them), 2499 female
  CHECK_FALSE(world.page("Patient?gender=male").total);  // not cheap: more than 2,000 candidates
  CHECK(world.page("Patient?gender=male&_total=accurate").total == 2500);
  CHECK(world.page("Patient?gender=male&_summary=count").total == 2500);
  CHECK(world.page("Patient?gender=male&_summary=count").matches.empty());
  CHECK(world.page("Patient?_count=0").total == 4999);
  CHECK(world.page("Patient?_count=0").matches.empty());
  CHECK(world.page("Patient?_count=0").next.empty());
  CHECK(world.page("Patient?name=smith").total == 1);
  CHECK_FALSE(world.page("Patient?name=smith&_total=none").total);
  CHECK(world.page("Patient?gender=male&_sort=_id").total == 2500);  // a sorted page has found them all
  CHECK(world.page("Patient?gender=male&_total=none&_count=1000").total.has_value() == false);
  CHECK(world.page("Patient?active=true").total == 999);  // cheap
  const auto estimate = world.page("Patient?gender=male&active=false&_total=estimate").total;
  REQUIRE(estimate);
  CHECK(*estimate > 1500);
  CHECK(*estimate < 2500);
  // The total is the moment's, on every page.
  const search::Page first = world.page("Patient?gender=male&_total=accurate&_count=10");
  world.remove("Patient", "p2");
  CHECK(world.page("Patient?" + first.next).total == 2500);
  CHECK(world.page("Patient?" + first.last).matches.size() == 10);
  CHECK(world.page("Patient?gender=male&_total=accurate").total == 2499);
}

TEST_CASE("explain tells conditions, ways, counts and times", "[query]") {
  World world;
  for (int i = 0; i < 100; ++i) put_patient(world, "p" + std::to_string(i), i % 10 == 0 ? "Smith" : "Jones");
  auto query = world.parse("Patient?name=smith&gender=male&_sort=-birthdate&_include=Patient:organization");
  REQUIRE(query.has_value());
  const auto text = world.search().explain(**query, {});
  REQUIRE(text.has_value());
  for (const char* part : {"condition: name=smith", "gender=male", "10 matches", "order:", "segments", " us", "at most"}) {
    CHECK_THAT(*text, Catch::Contains(part));
  }
}

// Readers never wait for the writer, and what they see is one moment each.
TEST_CASE("readers page while the writer writes", "[query]") {
  World world;
  for (int i = 0; i < 300; ++i) put_patient(world, "p" + std::to_string(i % 150), "Smith", i % 2 == 0 ? "male" : "female");
  std::atomic<bool> stop = false;
  std::atomic<int> walks = 0;
  std::vector<std::string> faults;
  std::mutex mutex;
  const auto read = [&](const std::string& query) {
    while (!stop) {
      std::set<std::string> seen;
      std::uint64_t total = 0, got = 0;
      for (std::string link = query; !link.empty();) {
        auto page = world.get("Patient?" + link);
        if (!page) {
          const std::lock_guard lock(mutex);
          faults.push_back(link + ": " + page.error().issues.list().front().diagnostics);
        }
        if (!page || !page->total) break;
        total = *page->total;
        for (const std::string& id : matches_of(*page)) {
          seen.insert(id);
          ++got;
        }
        link = page->next;
      }
      ++walks;
      if (seen.size() != total || got != total) {
        const std::lock_guard lock(mutex);
        faults.push_back(query + ": " + std::to_string(got) + " of " + std::to_string(total));
      }
    }
  };
  std::string ids = "p0";
  for (int i = 1; i < 200; ++i) ids += ",p" + std::to_string(i);
  std::vector<std::thread> readers;
  for (const std::string& query :
       {std::string("gender=male&_total=accurate&_count=7"), std::string("name=smith&_sort=-_id&_total=accurate&_count=11"),
        "_id=" + ids + "&_total=accurate&_count=50", std::string("_lastUpdated=ge2000&_total=accurate&_count=30"),
        std::string("gender=male&_sort=-_lastUpdated&_total=accurate&_count=30")}) {
    readers.emplace_back(read, query);
  }
  for (int i = 0; i < 1500 || walks < 50; ++i) {
    const std::string id = "p" + std::to_string(i * 37 % 200);
    if (i % 5 == 0) {
      world.remove("Patient", id);
    } else {
      put_patient(world, id, i % 3 == 0 ? "Smith" : "Jones", i % 2 == 0 ? "male" : "female");
    }
    if (i % 300 == 0) world.flush();
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  for (const std::string& fault : faults) UNSCOPED_INFO(fault);
  CHECK(faults.empty());
}
