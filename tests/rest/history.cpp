// Random histories against a plain list of versions: every level, every parameter, page by page in both directions while others
// write.

#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>

#include "resources-gen/model/temporal.h"
#include "tests/rest/fixture.h"

namespace {

namespace json = boost::json;

std::int64_t test_time = 0;
std::int64_t test_clock() { return test_time; }

struct Made {
  std::string type, id, method;
  int status = 0;
  std::uint64_t version = 0;
  std::int64_t time = 0;
  std::size_t next = 0;  // the version after it, 0: none
  bool erased = false;
  // As the entry has it: "PUT Patient/p1 2 200".
  std::string text() const {
    const std::string path = type + "/" + id;
    return method + " " + path + " " + std::to_string(version) + " " + std::to_string(status);
  }
};

struct Question {
  std::string type, id;  // the level
  std::vector<std::string> types;
  bool since = false, at = false, oldest_first = false;
  std::int64_t since_time = 0, at_low = 0, at_high = 0;
  std::size_t count = 20;
  std::string target;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random(seed), fixture(service_options(), options()) {
    test_time = 1767225600000;  // 2026-01-01
    made.emplace_back();
  }

  // One write, or a transaction of several: then of one time and one commit.
  void write() {
    test_time += static_cast<std::int64_t>(random() % 4) * static_cast<std::int64_t>(random() % 2000);
    const std::size_t entries = random() % 4 == 0 ? 1 + random() % 5 : 1;
    std::vector<std::pair<std::string, std::string>> chosen;
    json::array list;
    for (std::size_t i = 0; i < entries; ++i) {
      const std::string type = types_[random() % 10 == 0 ? 2 : random() % 2];
      const std::string id = "r" + std::to_string(random() % 12);
      if (std::find(chosen.begin(), chosen.end(), std::pair(type, id)) != chosen.end()) continue;
      const auto before = newest.find({type, id});
      const bool there = before != newest.end() && made[before->second].method != "DELETE";
      const bool remove = there && random() % 4 == 0;
      chosen.emplace_back(type, id);
      if (entries == 1) {
        const auto answer =
            remove ? fixture.ask("DELETE", "/" + type + "/" + id)
                   : fixture.ask("PUT", "/" + type + "/" + id, R"({"resourceType":")" + type + R"(","id":")" + id + R"("})");
        REQUIRE(answer.status == (remove ? 204 : there ? 200 : 201));
      } else {
        json::object entry{{"request", {{"method", remove ? "DELETE" : "PUT"}, {"url", type + "/" + id}}}};
        if (!remove) entry["resource"] = {{"resourceType", type}, {"id", id}};
        list.push_back(entry);
      }
      pending_.push_back({type, id, remove ? "DELETE" : "PUT", remove ? 204 : there ? 200 : 201});
    }
    if (entries > 1) {
      const json::object bundle{{"resourceType", "Bundle"}, {"type", "transaction"}, {"entry", list}};
      REQUIRE(fixture.ask("POST", "", json::serialize(bundle)).status == 200);
      // R4 http.html#trules: deletes first.
      std::stable_sort(pending_.begin(), pending_.end(), [](const Made& a, const Made& b) { return a.method < b.method; });
    }
    for (Made& version : pending_) add(version);
    pending_.clear();
  }

  // Some resource, its older versions, or one of them.
  void erase() {
    const auto some = made[1 + random() % (made.size() - 1)];
    const auto found = newest.find({some.type, some.id});
    if (found == newest.end() || some.erased) return;
    const std::string path = "/" + some.type + "/" + some.id;
    const int extent = static_cast<int>(random() % 3);
    const bool is_newest = made[found->second].version == some.version;
    const auto answer = fixture.ask("DELETE", extent == 0   ? path + "?_hardDelete=true"
                                              : extent == 1 ? path + "/_history"
                                                            : path + "/_history/" + std::to_string(some.version));
    REQUIRE(answer.status == (extent == 2 && is_newest ? 409 : 204));
    if (answer.status == 409) return;
    for (auto& version : made) {
      if (version.type != some.type || version.id != some.id) continue;
      const bool newest_one = &version == &made[found->second];
      version.erased = version.erased || extent == 0 || (extent == 1 ? !newest_one : version.version == some.version);
    }
    if (extent == 0) newest.erase(found);
  }

  Question question() {
    Question out;
    if (random() % 3 != 0) out.type = types_[random() % 3];
    if (!out.type.empty() && random() % 2 == 0) {
      const auto& some = made[1 + random() % (made.size() - 1)];
      if (newest.contains({some.type, some.id})) {
        out.type = some.type;
        out.id = some.id;
      }
    }
    out.target = (out.type.empty() ? "" : "/" + out.type) + (out.id.empty() ? "" : "/" + out.id) + "/_history?_pretty=false";
    if (out.type.empty() && random() % 2 == 0) {
      for (const auto& type : types_) {
        if (random() % 2 == 0) out.types.push_back(type);
      }
      if (out.types.empty()) out.types.push_back(types_[2]);
      out.target += "&_type=";
      for (const auto& type : out.types) out.target += (type == out.types.front() ? "" : ",") + type;
    }
    const auto some_time = [&] {
      return made[1 + random() % (made.size() - 1)].time + static_cast<std::int64_t>(random() % 5) - 2;
    };
    if (random() % 3 == 0) {
      out.since = true;
      out.since_time = some_time();
      out.target += "&_since=" + model::instant_text(out.since_time);
    }
    if (random() % 2 == 0) {
      out.at = true;
      const std::int64_t unit = std::array{1, 1000, 60000}[random() % 3];
      out.at_low = some_time() / unit * unit;
      out.at_high = out.at_low + unit;
      const auto text = model::instant_text(out.at_low);
      out.target += "&_at=" + (unit == 1 ? text : text.substr(0, unit == 1000 ? 19 : 16) + "Z");
    }
    if (random() % 2 == 0) {
      out.oldest_first = random() % 3 != 0;
      out.target += out.oldest_first ? "&_sort=_lastUpdated" : "&_sort=-_lastUpdated";
    }
    if (random() % 4 != 0) {
      out.count = 1 + random() % 7;
      out.target += "&_count=" + std::to_string(out.count);
    }
    return out;
  }

  std::vector<std::string> expected(const Question& asked) const {
    std::vector<std::string> out;
    for (std::size_t i = 1; i < made.size(); ++i) {
      const Made& version = made[i];
      if (version.erased || (!asked.type.empty() && version.type != asked.type)) continue;
      if (!asked.id.empty() && version.id != asked.id) continue;
      if (!asked.types.empty() && std::find(asked.types.begin(), asked.types.end(), version.type) == asked.types.end()) continue;
      if (asked.since && version.time < asked.since_time) continue;
      if (asked.at) {
        const bool began_with = version.method != "DELETE" && (version.next == 0 || made[version.next].time >= asked.at_low);
        if (version.time >= asked.at_high || (version.time < asked.at_low && !began_with)) continue;
      }
      out.push_back(version.text());
    }
    if (!asked.oldest_first) std::reverse(out.begin(), out.end());
    return out;
  }

  struct Page {
    std::vector<std::string> entries;
    std::map<std::string, std::string> links;
    std::uint64_t total = 0;
  };
  Page get(const std::string& target) {
    INFO("GET " << target);
    const auto answer = fixture.ask("GET", target);
    REQUIRE(answer.status == 200);
    const auto bundle = json::parse(tests::body_of(answer)).as_object();
    Page page;
    page.total = bundle.at("total").to_number<std::uint64_t>();
    for (const auto& link : bundle.at("link").as_array()) {
      const std::string url(link.at("url").as_string());
      page.links[std::string(link.at("relation").as_string())] = url.substr(std::string("http://kiln.test/fhir").size());
    }
    const auto* entries = bundle.if_contains("entry");
    for (const auto& entry : entries ? entries->as_array() : json::array()) {
      const std::string url(entry.at("request").at("url").as_string());
      const std::string tag(entry.at("response").at("etag").as_string());
      const std::string status(entry.at("response").at("status").as_string());
      const std::string version = tag.substr(3, tag.size() - 4);
      REQUIRE(entry.at("fullUrl").as_string() == "http://kiln.test/fhir/" + url);
      const auto* resource = entry.as_object().if_contains("resource");
      REQUIRE((resource == nullptr) == (status.substr(0, 3) == "204"));
      if (resource) REQUIRE(resource->at("meta").at("versionId").as_string() == version);
      page.entries.push_back(std::string(entry.at("request").at("method").as_string()) + " " + url + " " + version + " " +
                             status.substr(0, 3));
    }
    return page;
  }

  // From the first page to the last and back again, and the last by its link; others write between the pages.
  void compare(const Question& asked) {
    INFO(asked.target);
    const auto all = expected(asked);
    std::vector<std::string> forth, back;
    std::string target = asked.target, last;
    int writes = 0;  // few, so that the world stays small
    for (int pages = 0; !target.empty(); ++pages) {
      REQUIRE(pages < 1000);
      const auto page = get(target);
      REQUIRE(page.total == all.size());
      REQUIRE(page.entries.size() <= asked.count);
      forth.insert(forth.end(), page.entries.begin(), page.entries.end());
      if (page.links.contains("last")) last = page.links.at("last");
      if (!page.links.contains("next")) break;
      if (random() % 3 == 0 && ++writes <= 3) write();
      target = page.links.at("next");
    }
    REQUIRE(forth == all);
    if (last.empty()) return;
    for (target = last; !target.empty();) {
      const auto page = get(target);
      REQUIRE(page.total == all.size());
      back.insert(back.begin(), page.entries.begin(), page.entries.end());
      if (target == last) REQUIRE(page.entries.size() == (all.size() - 1) % asked.count + 1);
      if (random() % 3 == 0 && ++writes <= 3) write();
      target = page.links.contains("previous") ? page.links.at("previous") : "";
    }
    REQUIRE(back == all);
  }

  std::mt19937_64 random;
  tests::Fixture fixture;
  std::vector<Made> made;  // in commit order, from 1
  std::map<std::pair<std::string, std::string>, std::size_t> newest;

 private:
  static rest::ServiceOptions service_options() {
    rest::ServiceOptions out;
    out.allow_erasure = true;
    return out;
  }
  static store::StoreOptions options() {
    store::StoreOptions out;
    out.clock = test_clock;
    return out;
  }
  void add(Made version) {
    auto& at = newest[{version.type, version.id}];
    version.version = at == 0 ? 1 : made[at].version + 1;
    version.time = test_time;
    if (at != 0) made[at].next = made.size();
    at = made.size();
    made.push_back(std::move(version));
  }

  const std::vector<std::string> types_{"Patient", "Practitioner", "Person"};
  std::vector<Made> pending_;
};

}  // namespace

TEST_CASE("random histories agree with a list of versions") {
  const char* given = std::getenv("KILN_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  WARN("random histories: KILN_SEED=" << seed);
  World world(seed);
  for (int i = 0; i < 40; ++i) world.write();
  const bool erasing = GENERATE(false, true);
  for (int i = 0; i < 250; ++i) {
    if (i % 5 == 0) world.write();
    if (erasing && i % 3 == 0) world.erase();
    world.compare(world.question());
  }
  CHECK(world.fixture.store->check().faults.empty());
  CHECK(world.fixture.search->check().empty());
}
