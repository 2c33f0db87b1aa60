#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

#include "resources-gen/formats/json.h"
#include "tests/search/query_world.h"

using query_test::World;
using Strings = std::vector<std::string>;

namespace {

store::Draft draft_of(World& world, const std::string& json) {
  auto read = formats::read_json(json, model::r4());
  REQUIRE(read.ok());
  store::Draft draft;
  draft.type = read.tree.root().type();
  draft.id = std::string(read.tree.root().child("id").text());
  auto form = formats::stored_form(read.tree, draft.id);
  draft.body = world.store().pack(form.body);
  draft.hole = {form.hole, static_cast<std::uint8_t>(form.kind)};
  draft.index = world.search().extract(read.tree);
  return draft;
}

std::string patient(const std::string& id, const std::string& identifier) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","identifier":[{"system":"http://x.org","value":")" + identifier +
         "\"}]}";
}

Strings ids(const std::vector<store::Version>& versions) {
  Strings out;
  for (const store::Version& version : versions) out.push_back(version.id);
  return out;
}

}  // namespace

TEST_CASE("conditions see what is current, newest first", "[query]") {
  World world;
  world.put(patient("a", "1"));
  world.put(patient("b", "1"));
  world.put(patient("c", "2"));
  world.put(patient("c", "1"));
  world.put(patient("d", "1"));
  world.remove("Patient", "d");
  const auto match = [&](const std::string& url, std::size_t limit) {
    const auto query = world.parse(url);
    REQUIRE(query.has_value());
    return ids(world.search().match(**query, limit, false));
  };
  CHECK(match("Patient?identifier=http://x.org|1", 10) == Strings{"c", "b", "a"});
  CHECK(match("Patient?identifier=http://x.org|1", 2) == Strings{"c", "b"});
  CHECK(match("Patient?identifier=2", 2).empty());
  CHECK(match("Patient?_id=b", 2) == Strings{"b"});
  CHECK(match("Patient", 10) == Strings{"c", "b", "a"});
}

// Operations of one group are in no view yet: a condition must see what those before it wrote.
TEST_CASE("conditions see what the group has staged", "[query]") {
  World world;
  world.put(patient("old", "1"));
  const auto query = world.parse("Patient?identifier=http://x.org|1");
  const auto two = world.parse("Patient?identifier=http://x.org|1,http://x.org|2&_lastUpdated=gt2000");
  const auto all = world.parse("Patient?gender:missing=true");
  const auto by_id = world.parse("Patient?_id=new,old");
  REQUIRE((query.has_value() && two.has_value() && all.has_value() && by_id.has_value()));
  std::vector<Strings> seen;
  std::vector<std::vector<Strings>> expected;
  bool grouped = false;
  // All are queued while the writer is held by the first, so they form one group.
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  const auto submit = [&](store::Operation operation) {
    world.store().submit(std::move(operation), store::Lane::normal, [&](model::Result<store::Commit> result) {
      CHECK(result.has_value());
      ++done;
    });
  };
  const store::Draft created = draft_of(world, patient("new", "1")), changed = draft_of(world, patient("old", "2"));
  submit([&](store::WriteContext&) -> model::Result<void> {
    while (!go) std::this_thread::yield();
    return {};
  });
  const auto look = [&](store::WriteContext& context) {
    for (const auto& q : {*query, *two, *all, *by_id}) seen.push_back(ids(world.search().match(*q, 10, true)));
    grouped = context.next_document() > world.store().last_document() + 1;
  };
  submit([&](store::WriteContext& context) -> model::Result<void> {
    look(context);
    context.put(created);
    return {};
  });
  submit([&](store::WriteContext& context) -> model::Result<void> {
    look(context);
    context.put(changed);
    return {};
  });
  submit([&](store::WriteContext& context) -> model::Result<void> {
    look(context);
    store::Draft removed;
    removed.type = model::r4().resource_type("Patient");
    removed.id = "new";
    removed.method = store::Method::remove;
    context.put(std::move(removed));
    return {};
  });
  submit([&](store::WriteContext& context) -> model::Result<void> {
    look(context);
    return {};
  });
  go = true;
  while (done < 5) std::this_thread::yield();
  CHECK(grouped);
  const std::vector<Strings> right = {
      {"old"},
      {"old"},
      {"old"},
      {"old"},  // before anything
      {"new", "old"},
      {"new", "old"},
      {"new", "old"},
      {"new", "old"},  // new was made
      {"new"},
      {"old", "new"},
      {"old", "new"},
      {"old", "new"},  // old has identifier 2
      {},
      {"old"},
      {"old"},
      {"old"},  // new was deleted
  };
  CHECK(seen == right);
}

// Of several types, and of a compartment, of which the group has made a member, and another leave.
TEST_CASE("conditions over several types see what the group has staged", "[query]") {
  World world;
  const auto observation = [](const std::string& subject) {
    return R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":")" + subject +
           "\"}}";
  };
  world.put(observation("Patient/p"));
  const auto compartment = world.parse("Patient/p/*"), both = world.parse("?_type=Patient,Observation&_tag:missing=true");
  REQUIRE((compartment.has_value() && both.has_value()));
  const store::Draft member = draft_of(world, patient("p", "1")), moved = draft_of(world, observation("Patient/q"));
  std::vector<Strings> seen;
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  const auto submit = [&](store::Operation operation) {
    world.store().submit(std::move(operation), store::Lane::normal, [&](const model::Result<store::Commit>&) { ++done; });
  };
  submit([&](store::WriteContext&) -> model::Result<void> {
    while (!go) std::this_thread::yield();
    return {};
  });
  for (const store::Draft* draft : {&member, &moved, static_cast<const store::Draft*>(nullptr)}) {
    submit([&, draft](store::WriteContext& context) -> model::Result<void> {
      for (const auto& query : {*compartment, *both}) seen.push_back(ids(world.search().match(*query, 10, true)));
      if (draft != nullptr) context.put(*draft);
      return {};
    });
  }
  go = true;
  while (done < 4) std::this_thread::yield();
  CHECK(seen == std::vector<Strings>{{"o"}, {"o"}, {"p", "o"}, {"p", "o"}, {"p"}, {"o", "p"}});
}
