#include <catch2/catch.hpp>

#include "tests/search/query_world.h"

using query_test::World;
using Strings = std::vector<std::string>;

TEST_CASE("_sort orders by each kind of value, none last, ties newest first", "[query]") {
  World world;
  world.tick = 5000;
  const auto put = [&](const std::string& id, const std::string& rest) {
    world.put(R"({"resourceType":"Patient","id":")" + id + "\"" + rest + "}");
  };
  put("c", R"(,"birthDate":"1980-05","gender":"male","name":[{"family":"Zorn"},{"family":"Abel"}])");
  put("a", R"(,"birthDate":"1980-05-02","gender":"female","name":[{"family":"\u00c4ppel"}])");
  put("e", R"(,"gender":"male")");
  put("b", R"(,"birthDate":"1979","name":[{"family":"zorn"}])");
  put("d", R"(,"birthDate":"1990-01-01","gender":"female","name":[{"family":"Meyer"}])");
  struct Row {
    std::string sort;
    Strings ids;
  };
  const Row rows[] = {
      {"_id", {"a", "b", "c", "d", "e"}},
      {"-_id", {"e", "d", "c", "b", "a"}},
      {"_lastUpdated", {"c", "a", "e", "b", "d"}},
      {"-_lastUpdated", {"d", "b", "e", "a", "c"}},
      {"birthdate", {"b", "c", "a", "d", "e"}},
      {"-birthdate", {"d", "a", "c", "b", "e"}},
      {"gender", {"d", "a", "e", "c", "b"}},  // ties newest first
      {"gender,birthdate", {"a", "d", "c", "e", "b"}},
      {"gender,-birthdate", {"d", "a", "c", "e", "b"}},
      {"-gender,_id", {"c", "e", "a", "d", "b"}},
      {"gender,_lastUpdated", {"a", "d", "c", "e", "b"}},
      {"_lastUpdated,gender", {"c", "a", "e", "b", "d"}},
      {"family", {"c", "a", "d", "b", "e"}},   // c by Abel, its least
      {"-family", {"b", "c", "d", "a", "e"}},  // c by Zorn, its greatest
  };
  for (const Row& row : rows) {
    for (const int count : {1, 2, 3, 10}) {
      INFO(row.sort << " by " << count);
      CHECK(world.ids("Patient?_sort=" + row.sort + "&_count=" + std::to_string(count)) == row.ids);
    }
  }
}

// Large sets are walked through the dictionaries: the same order must come out as from sorting all.
TEST_CASE("walked and sorted orders agree", "[query]") {
  World world(World::Kind::disk);
  std::vector<std::string> batch;
  std::uint32_t state = 12345;
  const auto next = [&](std::uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
  };
  for (int i = 0; i < 6000; ++i) {
    std::string json = R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + "\"";
    if (next(10) != 0)
      json +=
          R"(,"birthDate":")" + std::to_string(1950 + next(60)) + (next(2) != 0 ? "-0" + std::to_string(1 + next(9)) : "") + "\"";
    json += std::string(R"(,"gender":")") + (next(2) != 0 ? "male" : "female") + "\"";
    if (next(5) != 0) {
      json += R"(,"name":[{"family":"N)" + std::to_string(next(50)) + R"("},{"family":"N)" + std::to_string(next(50)) + "\"}]";
    }
    batch.push_back(json + "}");
    if (batch.size() == 100) {
      world.put_together(batch);
      batch.clear();
      if (i % 2000 == 999) world.flush();
    }
  }
  for (int i = 0; i < 200; ++i) world.remove("Patient", "p" + std::to_string(next(6000)));
  const std::size_t all = *world.page("Patient?_summary=count").total;
  for (const std::string sort : {"birthdate", "-birthdate", "family", "-family", "gender,-birthdate,family", "_id", "-_id",
                                 "_lastUpdated,family", "-_lastUpdated,-birthdate", "gender,_lastUpdated", "-family,_id"}) {
    INFO(sort);
    const Strings whole = world.ids("Patient?_count=1000&_sort=" + sort);  // few of many: sorted by columns
    CHECK(whole.size() == all);
    // From the beginning, and backwards from the end, in pages so small that the dictionaries are walked.
    Strings walked, back;
    std::string link = "_count=3&_total=accurate&_sort=" + sort;
    for (int page = 0; page < 40; ++page) {
      const search::Page got = world.page("Patient?" + link);
      for (const auto& id : query_test::matches_of(got)) walked.push_back(id);
      link = got.next;
    }
    CHECK(walked == Strings(whole.begin(), whole.begin() + 120));
    link = world.page("Patient?_count=3&_total=accurate&_sort=" + sort).last;
    for (int page = 0; page < 40; ++page) {
      const search::Page got = world.page("Patient?" + link);
      const auto ids = query_test::matches_of(got);
      back.insert(back.begin(), ids.begin(), ids.end());
      link = got.previous;
    }
    CHECK(back == Strings(whole.end() - static_cast<std::ptrdiff_t>(back.size()), whole.end()));
  }
}

namespace {

// All pages of a query on patients from the last to the first.
Strings backwards(World& world, const std::string& query) {
  Strings back;
  for (std::string link = world.page("Patient?_total=accurate&" + query).last; !link.empty();) {
    const search::Page page = world.page("Patient?" + link);
    const auto ids = query_test::matches_of(page);
    back.insert(back.begin(), ids.begin(), ids.end());
    link = page.previous;
  }
  return back;
}

}  // namespace

// A set of some eighty among many, of which a page needs two: ordinals decide without reading all values.
TEST_CASE("pages of a few matches among many agree with sorting them all", "[query]") {
  World world;
  std::vector<std::string> batch;
  std::uint32_t state = 99;
  const auto next = [&](std::uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
  };
  for (int i = 0; i < 12000; ++i) {
    std::string json =
        R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","gender":")" + (i % 150 == 0 ? "other" : "male") + "\"";
    if (next(12) != 0) {
      json += R"(,"birthDate":"19)" + std::to_string(10 + next(12)) + (next(2) != 0 ? "-0" + std::to_string(1 + next(3)) : "") +
              "\"";  // few values: many ties, in two classes
    }
    if (next(12) != 0) json += R"(,"managingOrganization":{"reference":"Organization/o)" + std::to_string(next(9)) + "\"}";
    json += R"(,"generalPractitioner":[{"reference":"Practitioner/d)" + std::to_string(next(9)) +
            R"("},{"reference":"Practitioner/d)" + std::to_string(next(9)) + "\"}]";
    batch.push_back(json + "}");
    if (batch.size() == 1000) {
      world.put_together(batch);
      batch.clear();
    }
  }
  for (const std::string sort : {"birthdate", "-birthdate", "organization", "-organization,birthdate", "general-practitioner",
                                 "-general-practitioner,-birthdate", "-birthdate,organization,_id"}) {
    INFO(sort);
    const Strings whole = world.ids("Patient?gender=other&_count=1000&_sort=" + sort);
    REQUIRE(whole.size() == 80);
    CHECK(world.ids("Patient?gender=other&_count=2&_sort=" + sort) == whole);
    CHECK(backwards(world, "gender=other&_count=2&_sort=" + sort) == whole);
  }
}

// From its end the order has those without a value, and then nothing of the set for so long that the rest is sorted instead.
TEST_CASE("pages before those without a value have each match once", "[query]") {
  World world;
  std::vector<std::string> batch;
  for (int i = 0; i < 9000; ++i) {
    const bool match = i % 45 == 0;
    std::string json =
        R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","gender":")" + (match ? "other" : "male") + "\"";
    const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    if (!match)
      json += R"(,"birthDate":")" + std::to_string(1950 + i / 336) + "-" + two(1 + i / 28 % 12) + "-" + two(1 + i % 28) + "\"";
    if (match && i % 450 != 0) json += R"(,"birthDate":"1900-01-01")";
    batch.push_back(json + "}");
    if (batch.size() == 1000) {
      world.put_together(batch);
      batch.clear();
    }
  }
  for (const std::string sort : {"birthdate", "birthdate,_id", "-birthdate"}) {
    INFO(sort);
    const Strings whole = world.ids("Patient?gender=other&_count=1000&_sort=" + sort);
    REQUIRE(whole.size() == 200);
    CHECK(backwards(world, "gender=other&_count=7&_sort=" + sort) == whole);
  }
}
