// The writer: what shares a commit, what a failure takes with it, what the index and the callers are told, and when.

#include <catch2/catch.hpp>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "tests/store/support.h"

using namespace store;

namespace {

// Completions in the order they came.
class Answers {
 public:
  Completion expect(std::string name) {
    return [this, name](const model::Result<Commit>& result) {
      std::lock_guard lock(mutex_);
      list_.emplace_back(name, result);
      threads_.insert(std::this_thread::get_id());
    };
  }
  // "name commit" or "name failure-kind", in order.
  std::vector<std::string> list() const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [name, result] : list_) {
      out.push_back(name + " " +
                    (result ? std::to_string(*result) : "F" + std::to_string(static_cast<int>(result.error().kind))));
    }
    return out;
  }
  std::size_t threads() const { return threads_.size(); }
  std::string text(std::size_t i) const { return tests::text(list_.at(i).second.error()); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, model::Result<Commit>>> list_;
  std::set<std::thread::id> threads_;
};

std::string failed(const std::string& name, model::FailureKind kind) {
  return name + " F" + std::to_string(static_cast<int>(kind));
}

// Writes down what it is told.
class Listener : public IndexListener {
 public:
  void stage(const Version& version, const std::shared_ptr<const IndexEntry>&) override {
    log.push_back("stage " + version.id + "/" + std::to_string(version.version));
    if (version.id == stage_throws_at) throw std::runtime_error("the index is tired");
  }
  void publish() override {
    log.emplace_back("publish");
    if (at_publish) at_publish();
  }
  void abandon() override { log.emplace_back("abandon"); }
  void erase(const std::vector<Document>& documents) override { log.push_back("erase " + std::to_string(documents.size())); }

  std::vector<std::string> log;
  std::string stage_throws_at;
  std::function<void()> at_publish;
};

struct World {
  explicit World(StoreOptions options = {}) {
    auto failing = std::make_unique<tests::FailingEngine>(make_memory_engine());
    engine = failing.get();
    store = tests::open_store(std::move(failing), options);
    engine->commits = 0;
    store->listen(&listener);
  }
  void submit(const std::string& id, std::size_t size = 10, Lane lane = Lane::normal) {
    std::string text(size, 'x');  // packs badly: different in every byte
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('A' + (i * 7919 + i / 13 * 104729 + i * i / 11) % 57 % 26);
    Draft draft = tests::draft(*store, "Patient", id, text);
    if (size > 1000) draft.body = std::string(1, '\0') + tests::stored_body("Patient", id, text);  // pack number 0
    store->submit(tests::put(draft), lane, answers.expect(id));
  }
  void wait() {
    (void)store->write([](WriteContext&) -> model::Result<void> { return {}; }, Lane::bulk);
  }

  Answers answers;
  Listener listener;
  tests::FailingEngine* engine;
  std::unique_ptr<Store> store;
};

Operation failing(model::FailureKind kind, Draft draft) {
  return [=](WriteContext& context) -> model::Result<void> {
    context.put(draft);
    return model::failure(kind, model::IssueCode::conflict, "on purpose");
  };
}

}  // namespace

TEST_CASE("what is queued when the writer starts is one commit, and failures leave neighbours alone") {
  World world;
  {
    tests::Hold hold(*world.store);
    world.submit("a");
    world.store->submit(failing(model::FailureKind::conflict, tests::draft(*world.store, "Patient", "a", "not this")),
                        Lane::normal, world.answers.expect("conflict"));
    world.store->submit(
        [&](WriteContext& context) -> model::Result<void> {
          context.put(tests::draft(*world.store, "Patient", "b", "nor this"));
          throw std::runtime_error("thrown on purpose");
        },
        Lane::normal, world.answers.expect("throw"));
    world.store->submit([](WriteContext&) -> model::Result<void> { throw 42; }, Lane::normal, world.answers.expect("odd throw"));
    world.store->submit([](WriteContext&) -> model::Result<void> { return {}; }, Lane::normal, world.answers.expect("nothing"));
    world.submit("b");
    world.submit("a");
  }
  world.wait();
  CHECK(world.answers.list() == std::vector<std::string>{"a 1", failed("conflict", model::FailureKind::conflict),
                                                         failed("throw", model::FailureKind::internal),
                                                         failed("odd throw", model::FailureKind::internal), "nothing 0", "b 2",
                                                         "a 3"});
  CHECK_THAT(world.answers.text(2), Catch::Contains("thrown on purpose"));
  CHECK(world.answers.threads() == 1);
  CHECK(world.engine->commits == 1);
  CHECK(world.listener.log == std::vector<std::string>{"stage a/1", "stage b/1", "stage a/2", "publish"});
  CHECK(world.store->last_document() == 3);
  CHECK(world.store->current(tests::type("Patient"), "a")->version == 2);
  CHECK(world.store->current(tests::type("Patient"), "b")->commit == 2);
}

TEST_CASE("groups are bounded by operations and by bytes") {
  StoreOptions options;
  options.group_limit = 4;
  options.group_bytes = 10000;
  World world(options);
  {
    tests::Hold hold(*world.store);
    for (int i = 0; i < 10; ++i) world.submit("r" + std::to_string(i));
  }
  world.wait();
  CHECK(world.engine->commits == 3);
  {
    tests::Hold hold(*world.store);
    for (int i = 0; i < 6; ++i) world.submit("l" + std::to_string(i), 6000);  // two and two and two
  }
  world.wait();
  CHECK(world.engine->commits == 6);
  CHECK(world.answers.list().size() == 16);
}

TEST_CASE("bulk operations yield to normal ones, and are not starved by them") {
  StoreOptions options;
  options.bulk_bytes = 10000;
  World world(options);
  {
    tests::Hold hold(*world.store);
    for (int i = 0; i < 6; ++i) world.submit("bulk" + std::to_string(i), 6000, Lane::bulk);
    world.submit("first");
  }
  world.wait();
  // The first group: the normal operation, then a slice of bulk. Nothing normal waits any longer, so the rest is one group.
  const auto& list = world.answers.list();
  CHECK(list.at(0) == "first 1");
  CHECK(list.at(1) == "bulk0 2");
  CHECK(world.engine->commits == 2);
  // Each group of normal operations carries some bulk.
  std::vector<std::size_t> answered_at;
  {
    tests::Hold hold(*world.store);
    for (int i = 0; i < 4; ++i) world.submit("more" + std::to_string(i), 6000, Lane::bulk);
    world.engine->each_commit([&] {
      if (world.engine->commits < 10) world.submit("busy" + std::to_string(world.engine->commits));
    });
    world.submit("go");
  }
  world.wait();
  CHECK(world.store->current(tests::type("Patient"), "more3"));
  world.engine->each_commit(nullptr);
}

TEST_CASE("what answers submit while the store closes is answered") {
  for (int round = 0; round < 20; ++round) {
    auto store = tests::open_store(make_memory_engine());
    auto* open = store.get();
    int stored = 0, refused = 0;
    std::function<void(const model::Result<Commit>&)> again = [&](const model::Result<Commit>& result) {
      ++(result ? stored : refused);
      if (result) open->submit(tests::put(tests::draft(*open, "Patient", "a", "more")), Lane::normal, again);
    };
    again(Commit{0});
    store.reset();
    CHECK(stored > 1);
    CHECK(refused == 1);
  }
}

TEST_CASE("a commit that fails undoes its group, and answers all that may have been decided by it") {
  World world;
  world.submit("old");
  world.wait();
  world.listener.log.clear();
  const auto seen = [&](const std::string& name) {
    return [&world, name](WriteContext& context) -> model::Result<void> {
      if (context.current(tests::type("Patient"), name)) return {};
      return model::failure(model::FailureKind::not_found, model::IssueCode::not_found, "not there");
    };
  };
  world.engine->failing = true;
  {
    tests::Hold hold(*world.store);
    world.store->submit(seen("old"), Lane::normal, world.answers.expect("before"));
    world.store->submit(seen("new"), Lane::normal, world.answers.expect("before too"));
    world.submit("new");
    world.store->submit(seen("new"), Lane::normal, world.answers.expect("after"));
    world.store->submit(seen("absent"), Lane::normal, world.answers.expect("after too"));
    world.submit("old");
  }
  world.wait();
  const auto full = model::FailureKind::no_space;
  CHECK(world.answers.list() == std::vector<std::string>{"old 1", "before 0", failed("before too", model::FailureKind::not_found),
                                                         failed("new", full), failed("after", full), failed("after too", full),
                                                         failed("old", full)});
  CHECK(world.listener.log == std::vector<std::string>{"stage new/1", "stage old/2", "abandon"});
  CHECK(world.store->last_document() == 1);
  CHECK(world.store->last_commit() == 1);
  CHECK(world.store->current(tests::type("Patient"), "old")->version == 1);
  CHECK_FALSE(world.store->current(tests::type("Patient"), "new"));
  CHECK_FALSE(world.store->put_meta("name", "value"));
  CHECK_FALSE(world.store->meta("name"));
  world.engine->failing = false;
  // Numbers go on as if nothing had been; a type first met in the failed group has its name stored now.
  const auto later = world.store->write(tests::put(tests::draft(*world.store, "Patient", "new", "x")));
  REQUIRE(later);
  CHECK(*later == 2);
  CHECK(world.store->last_document() == 2);
  CHECK(world.store->check().faults.empty());
}

TEST_CASE("a type first met in a group that fails is named by the next") {
  tests::TemporaryDirectory directory;
  {
    auto failing = std::make_unique<tests::FailingEngine>(tests::open_engine(tests::EngineKind::lmdb, directory.path()));
    auto& engine = *failing;
    const auto store = tests::open_store(std::move(failing));
    engine.failing = true;
    CHECK_FALSE(store->write(tests::put(tests::draft(*store, "Encounter", "a", "x"))));
    engine.failing = false;
    CHECK(store->write(tests::put(tests::draft(*store, "Patient", "b", "x"))));
    CHECK(store->write(tests::put(tests::draft(*store, "Encounter", "a", "x"))));
  }
  const auto store = tests::open_lmdb_store(directory.path());
  CHECK(store->current(tests::type("Encounter"), "a"));
  CHECK(store->current(tests::type("Patient"), "b"));
  CHECK(store->check().faults.empty());
}

TEST_CASE("readers see a version when it is in the index, not before, and nobody is answered earlier") {
  World world;
  REQUIRE(world.store->write(tests::put(tests::draft(*world.store, "Patient", "a", "first"))));
  REQUIRE(world.store->read(tests::type("Patient"), "a"));  // now cached
  bool checked = false;
  // by_id() and first_since() alone are ahead: their callers have a moment of their own.
  world.listener.at_publish = [&] {
    const auto& store = *world.store;
    const auto type = tests::type("Patient");
    checked = store.last_document() == 1 && store.current(type, "a")->version == 1 && !store.current(type, "b") &&
              store.read(type, "a")->version.version == 1 && store.by_id(type, "", false, 10).size() == 2 &&
              store.history(type, "a", 0, 10).size() == 1 && store.documents(1, 10, {}, Order::newest_first, 10).size() == 1 &&
              store.first_since(std::numeric_limits<std::int64_t>::max()) == 4 && world.answers.list().empty();
  };
  {
    tests::Hold hold(*world.store);
    world.submit("a");
    world.submit("b");
  }
  world.wait();
  CHECK(checked);
  CHECK(world.store->cached(tests::type("Patient"), "a").has_value() == false);
  CHECK(world.store->read(tests::type("Patient"), "a")->version.version == 2);
}

TEST_CASE("an index that does not take a version fails the group, one that does not publish stops writing") {
  World world;
  world.listener.stage_throws_at = "bad";
  {
    tests::Hold hold(*world.store);
    world.submit("good");
    world.submit("bad");
    world.submit("next");  // of the next group
  }
  world.wait();
  const auto internal = model::FailureKind::internal;
  CHECK(world.answers.list() == std::vector<std::string>{failed("good", internal), failed("bad", internal), "next 1"});
  CHECK(world.listener.log == std::vector<std::string>{"stage good/1", "stage bad/1", "abandon", "stage next/1", "publish"});
  CHECK(world.store->check().faults.empty());

  world.listener.at_publish = [] { throw std::runtime_error("the index is broken"); };
  const auto last = world.store->write(tests::put(tests::draft(*world.store, "Patient", "last", "x")));
  REQUIRE_FALSE(last);
  CHECK(last.error().kind == model::FailureKind::unavailable);
  const auto never = world.store->write(tests::put(tests::draft(*world.store, "Patient", "never", "x")));
  REQUIRE_FALSE(never);
  CHECK_THAT(tests::text(never.error()), Catch::Contains("the index is broken") && Catch::Contains("restart"));
  CHECK(world.store->current(tests::type("Patient"), "last"));
  CHECK_FALSE(world.store->current(tests::type("Patient"), "never"));
}

TEST_CASE("puts that break the contract fail their own operation") {
  World world;
  const auto fails = [&](const Operation& operation) {
    const auto result = world.store->write(operation);
    return !result && result.error().kind == model::FailureKind::internal;
  };
  const Draft good = tests::draft(*world.store, "Patient", "a", "x");
  const auto changed = [&](const std::function<void(Draft&)>& change) {
    Draft draft = good;
    change(draft);
    return tests::put(draft);
  };
  CHECK(fails([&](WriteContext& context) -> model::Result<void> {
    context.put(good);
    context.put(good);
    return {};
  }));
  CHECK(fails(changed([](Draft& draft) { draft.id.clear(); })));
  CHECK(fails(changed([](Draft& draft) { draft.id = std::string(300, 'x'); })));
  CHECK(fails(changed([](Draft& draft) { draft.body.clear(); })));
  CHECK(fails(changed([](Draft& draft) { draft.method = Method::remove; })));
  CHECK(fails(changed([](Draft& draft) { draft.type = model::no_type; })));
  CHECK(fails(changed([](Draft& draft) { draft.hole.kind = 4; })));
  CHECK(fails([&](WriteContext&) -> model::Result<void> {
    const auto inner = world.store->write(tests::put(good));  // would wait for itself
    if (!inner) return inner.error();
    return {};
  }));
  CHECK(fails([&](WriteContext&) -> model::Result<void> { return world.store->put_meta("a", "b"); }));
  CHECK(world.store->last_document() == 0);
  CHECK(world.store->write(tests::put(good)));
}

TEST_CASE("a full queue and a closing store refuse at once; what was queued is written") {
  StoreOptions options;
  options.queue_limit = 3;
  Answers answers;
  {
    World world(options);
    tests::Hold hold(*world.store);
    for (const char* id : {"a", "b", "c"}) world.submit(id);
    CHECK(world.answers.list().empty());
    world.submit("d");
    CHECK(world.answers.list() == std::vector<std::string>{failed("d", model::FailureKind::unavailable)});
    world.submit("e", 10, Lane::bulk);  // a queue of its own
    CHECK(world.answers.list().size() == 1);
    // A completion that throws is its caller's trouble.
    hold.release();
    while (world.answers.list().size() < 5) std::this_thread::yield();  // until then the queue may be full still
    REQUIRE(world.store->write([](WriteContext&) -> model::Result<void> { return {}; }));
    world.store->submit(tests::put(tests::draft(*world.store, "Patient", "f", "x")), Lane::normal,
                        [](const model::Result<Commit>&) { throw std::runtime_error("in a completion"); });
    tests::Hold again(*world.store);
    world.submit("g");
    world.submit("h", 10, Lane::bulk);
    std::thread closing([&] { world.store.reset(); });
    again.release();
    closing.join();
    CHECK(world.answers.list().size() == 7);
    CHECK(world.answers.list().back() == "h 7");
  }
}

TEST_CASE("meta values are durable, apart from the store's own, and take no commit number") {
  tests::TemporaryDirectory directory;
  {
    const auto store = tests::open_lmdb_store(directory.path());
    CHECK_FALSE(store->meta("format"));
    CHECK_FALSE(store->meta("manifest"));
    CHECK(store->put_meta("manifest", "one"));
    CHECK(store->put_meta("manifest", std::string(100000, 'm')));
    CHECK(store->put_meta("format", "mine"));
    CHECK_FALSE(store->put_meta("", "x"));
    CHECK_FALSE(store->put_meta(std::string(401, 'n'), "x"));
    CHECK(store->put_meta(std::string(400, 'n'), "x"));
    CHECK(*store->write(tests::put(tests::draft(*store, "Patient", "a", "x"))) == 1);
  }
  const auto store = tests::open_lmdb_store(directory.path());
  CHECK(store->meta("manifest") == std::string(100000, 'm'));
  CHECK(store->meta("format") == "mine");
}
