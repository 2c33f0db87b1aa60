#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/search/oracle.h"
#include "tests/search/query_world.h"

using oracle::below;
using query_test::World;

namespace {

// The server and the oracle, given the same writes.
class Pair {
 public:
  Pair(std::uint64_t seed, World::Kind kind) : random(seed), world(kind) {}

  void write() {
    const std::string& type = oracle::type_names[below(random, oracle::type_names.size())];
    const std::string id = "r" + std::to_string(below(random, 120));
    if (below(random, 10) == 0) {
      if (oracle.types[type].erase(id) == 0) return;
      world.remove(type, id);
      ++sequence_;
      ++versions_[type + "/" + id];
      return;
    }
    auto json = oracle::random_resource(random, type, id);
    world.put(boost::json::serialize(json));
    keep(type, id, std::move(json));
  }
  // Several in one commit, at one instant.
  void write_together() {
    std::vector<std::string> texts;
    std::map<std::string, boost::json::object> all;
    const std::string& type = oracle::type_names[below(random, oracle::type_names.size())];
    for (int i = 0; i < 8; ++i) {
      const std::string id = "r" + std::to_string(below(random, 120));
      all.emplace(id, oracle::random_resource(random, type, id));
    }
    for (const auto& [id, json] : all) texts.push_back(boost::json::serialize(json));
    world.put_together(texts);
    for (auto& [id, json] : all) keep(type, id, std::move(json));
  }

  oracle::Random random;
  World world;
  oracle::Oracle oracle;

 private:
  void keep(const std::string& type, const std::string& id, boost::json::object json) {
    oracle::Resource& resource = oracle.types[type][id];
    resource.json = std::move(json);
    resource.sequence = ++sequence_;
    resource.version = ++versions_[type + "/" + id];
    resource.updated = World::now;
  }
  std::uint64_t sequence_ = 0;
  std::map<std::string, std::uint64_t> versions_;
};

using Found = std::vector<std::pair<std::string, std::uint64_t>>;

Found found(const search::Page& page) {
  Found out;
  for (const search::Match& match : page.matches) out.emplace_back(query_test::id_of(match), match.version.version);
  return out;
}

std::string text(const Found& all) {
  std::string out;
  for (const auto& [id, version] : all) out += id + "/" + std::to_string(version) + " ";
  return out;
}

std::uint64_t seed_of(const char* test) {
  const char* given = std::getenv("KILN_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << test << ": KILN_SEED=" << seed << '\n' << std::flush;
  return seed;
}

// Data changes between pages; the result must be the oracle's at the first page's moment, each match once, in order.
void compare(World::Kind kind, int queries) {
  const std::uint64_t seed = seed_of(kind == World::Kind::disk ? "oracle on disk" : "oracle in memory");
  if (const char* given = std::getenv("KILN_QUERIES")) queries = std::atoi(given);
  Pair pair(seed, kind);
  World& world = pair.world;
  world.tick = 20'000;
  World::now = 1'700'000'000'000;
  for (int i = 0; i < 500; ++i) pair.write();
  static const char* totals[] = {"", "&_total=accurate", "&_total=none"};
  std::map<std::string, int> ways;
  std::size_t matches = 0, pages = 0, empty = 0;
  for (int i = 0; i < queries; ++i) {
    const oracle::Search search = oracle::random_search(pair.random);
    const Found expected = pair.oracle.run(search);
    matches += expected.size();
    empty += expected.empty() ? 1 : 0;
    // Small pages of many matches are what dictionaries are walked for.
    const std::size_t count = 1 + below(pair.random, below(pair.random, 4) == 0 ? 3 : 25);
    const std::string base = search.url();
    const std::string url = base + (base.find('?') == std::string::npos ? "?" : "&") + "_count=" + std::to_string(count) +
                            totals[below(pair.random, 3)];
    INFO("KILN_SEED=" << seed << " query " << i << ": " << url);
    if (i % 4 == 0) {
      const auto query = world.parse(url, true);
      REQUIRE(query.has_value());
      const std::string explained = world.search().explain(**query, {}).value();
      for (const char* way : {" stream[", " list[", " unite[", " check[", "walked", "sorted by"}) {
        ways[way] += explained.find(way) != std::string::npos ? 1 : 0;
      }
      const bool several = search.types.size() > 1;
      ways["several types walked"] += several && explained.find("walked") != std::string::npos ? 1 : 0;
    }
    auto first = world.get(url, true);
    if (!first) FAIL(first.error().issues.list().front().diagnostics);
    Found got = found(*first);
    if (first->total) CHECK(*first->total == expected.size());
    std::string next = first->next, previous;
    while (!next.empty() && got.size() <= expected.size()) {
      for (std::size_t writes = below(pair.random, 3); writes > 0; --writes) pair.write();
      if (below(pair.random, 20) == 0) pair.write_together();
      if (below(pair.random, 150) == 0) world.flush();
      if (kind == World::Kind::disk && below(pair.random, 100) == 0) world.reopen();
      const search::Page page = world.page(search.path() + "?" + next);
      for (auto& one : found(page)) got.push_back(std::move(one));
      next = page.next;
      previous = page.previous;
      ++pages;
    }
    if (got != expected) FAIL("expected " << text(expected) << "\ngot      " << text(got));
    if (!previous.empty() && below(pair.random, 3) == 0) {  // and back again
      Found back;
      while (!previous.empty()) {
        const search::Page page = world.page(search.path() + "?" + previous);
        Found one = found(page);
        back.insert(back.begin(), one.begin(), one.end());
        previous = page.previous;
      }
      const std::size_t last = (expected.size() - 1) / count * count;
      const Found right(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(last));
      if (back != right) FAIL("backwards, expected " << text(right) << "\ngot " << text(back));
    }
    if (i % 3 == 0) pair.write();
  }
  CHECK(world.search().check().empty());
  std::cout << queries << " queries, " << matches << " matches, " << empty << " without a match, " << pages << " further pages";
  for (const auto& [way, times] : ways) {
    std::cout << "," << way << " " << times;
    if (queries >= 1000) CHECK(times > 0);
  }
  std::cout << '\n' << std::flush;
  World::now = 1'700'000'000'000;
}

}  // namespace

TEST_CASE("random queries agree with a naive scan, page by page, while data changes", "[oracle]") {
  compare(World::Kind::memory, 2500);
}
TEST_CASE("so they do over files, merges and restarts", "[oracle]") { compare(World::Kind::disk, 150); }
