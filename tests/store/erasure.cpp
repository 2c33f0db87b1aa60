// Erasure beside what is at work: the cache, the writer's groups, failures; and compaction: the same store, without what is gone.

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "store/compact.h"
#include "store/directory.h"
#include "store/record.h"
#include "store/replies.h"
#include "tests/store/model.h"

using namespace store;
using tests::EngineKind;

namespace {

using Extent = Erasure::Extent;

std::unique_ptr<Store> filled(EngineKind kind, const std::string& directory, tests::PlainStore& plain, int versions,
                              const StoreOptions& options = {}) {
  auto store = tests::open_store(tests::open_engine(kind, directory), options);
  {
    tests::Hold hold(*store);
    for (int i = 0; i < versions; ++i) {
      const std::string type = i % 7 == 0 ? "Observation" : "Patient", id = "r" + std::to_string(i * 11 % 40);
      store->submit(tests::put(tests::draft(*store, type, id, "text number " + std::to_string(i))), Lane::normal,
                    [](const model::Result<Commit>& result) {
                      if (!result) std::abort();
                    });
    }
  }
  REQUIRE(store->write([](WriteContext&) -> model::Result<void> { return {}; }));
  for (int i = 0; i < versions; ++i) {
    const auto made = store->at(static_cast<Document>(i + 1));
    REQUIRE(made);
    plain.add(i % 7 == 0 ? "Observation" : "Patient", "r" + std::to_string(i * 11 % 40), "text number " + std::to_string(i),
              Method::put, made->commit, made->last_updated);
  }
  return store;
}

void erase(Store& store, tests::PlainStore& plain, const std::string& type, const std::string& id, Extent extent,
           std::uint64_t version = 0) {
  const auto done = store.erase({tests::type(type), id, extent, version});
  const auto expected = plain.erase(type, id, extent, version);
  REQUIRE(done);
  REQUIRE(expected);
  CHECK(*done == *expected);
}

}  // namespace

TEST_CASE("what is erased is in no read and no cache, and stays so after a restart") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  tests::PlainStore plain;
  auto store = filled(kind, directory.path(), plain, 300);
  const auto patient = tests::type("Patient");
  REQUIRE(store->read(patient, "r1"));
  REQUIRE(store->cached(patient, "r1"));
  erase(*store, plain, "Patient", "r1", Extent::all);
  CHECK_FALSE(store->cached(patient, "r1"));
  CHECK_FALSE(store->read(patient, "r1"));
  erase(*store, plain, "Patient", "r2", Extent::history);
  erase(*store, plain, "Patient", "r3", Extent::version, 1);
  erase(*store, plain, "Patient", "r3", Extent::history);
  erase(*store, plain, "Patient", "r3", Extent::all);
  plain.compare(*store, tests::random_seed("erasure"), 100);
  const auto check = [&] {
    const auto report = store->check();
    for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
    CHECK(report.faults.empty());
    CHECK(report.erased == store->erased().size());
  };
  check();
  if (kind == EngineKind::lmdb) {
    store.reset();
    store = tests::open_lmdb_store(directory.path());
    plain.compare(*store, tests::random_seed("erasure"), 100);
    check();
  }
}

TEST_CASE("replies that name what is erased are cut to their head") {
  tests::PlainStore plain;
  auto store = tests::open_store(make_memory_engine());
  const std::string head(reply_head, 'h');
  const auto keep = [&](const std::string& key, const std::string& text, const std::string& id) {
    REQUIRE(store->write([&](WriteContext& context) -> model::Result<void> {
      context.put(tests::draft(*store, "Patient", id, "x"));
      context.keep_reply(key, head + text);
      return {};
    }));
  };
  keep("one", "Location: Patient/a/_history/1", "a");
  keep("two", "\"Patient/a\" and more", "a");
  keep("other", "Patient/ab and Patient/a-1", "ab");
  keep("old", "Patient/ab/_history/2.", "ab");
  keep("new", "Patient/ab/_history/21", "ab");
  REQUIRE(store->erase({tests::type("Patient"), "a", Extent::all, 0}));
  CHECK(store->find_reply("one") == head);
  CHECK(store->find_reply("two") == head);
  CHECK(store->find_reply("other") == head + "Patient/ab and Patient/a-1");
  REQUIRE(store->erase({tests::type("Patient"), "ab", Extent::version, 2}));
  CHECK(store->find_reply("other") == head + "Patient/ab and Patient/a-1");
  CHECK(store->find_reply("new") == head + "Patient/ab/_history/21");
  CHECK(store->find_reply("old") == head);
  CHECK(store->check().faults.empty());
}

TEST_CASE("an erasure that cannot be stored takes nothing away") {
  tests::PlainStore plain;
  auto failing = std::make_unique<tests::FailingEngine>(make_memory_engine());
  auto& engine = *failing;
  auto store = tests::open_store(std::move(failing));
  REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "a", "x"))));
  engine.failing = true;
  CHECK_FALSE(store->erase({tests::type("Patient"), "a", Extent::all, 0}));
  CHECK(store->read(tests::type("Patient"), "a"));
  CHECK(store->erased().empty());
  engine.failing = false;
  const auto done = store->erase({tests::type("Patient"), "a", Extent::all, 0});
  REQUIRE(done);
  CHECK(*done == 1);
  CHECK(engine.commits > 0);
  CHECK_FALSE(store->read(tests::type("Patient"), "a"));
}

TEST_CASE("readers never get back what was erased before they began, while others write") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  auto store = tests::open_store(tests::open_engine(kind, directory.path()));
  const auto type = tests::type("Patient");
  constexpr int resources = 200;
  for (int i = 0; i < resources; ++i)
    REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p" + std::to_string(i), "secret " + std::to_string(i)))));
  std::atomic<int> erased{0};
  std::atomic<bool> wrong{false}, done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      while (!done) {
        const int before = erased;
        const int i = static_cast<int>(random() % resources);
        const auto read = store->read(type, "p" + std::to_string(i));
        if (i < before && read) wrong = true;
        if (!read && i > erased) wrong = true;
        if (before > 0 && store->render(static_cast<Document>(1 + random() % static_cast<unsigned>(before)))) wrong = true;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !done; ++i) {
      if (!store->write(tests::put(tests::draft(*store, "Observation", "o" + std::to_string(i % 50), "x")))) wrong = true;
    }
  });
  for (int i = 0; i < resources; ++i) {
    REQUIRE(store->erase({type, "p" + std::to_string(i), Extent::all, 0}));
    erased = i + 1;
  }
  done = true;
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(wrong);
  CHECK(store->check().faults.empty());
}

TEST_CASE("a store written anew is the same store, on either engine") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  tests::PlainStore plain;
  std::mt19937_64 random(tests::random_seed("rewrite"));
  StoreOptions options;
  options.training = {};
  auto store = filled(kind, directory.path("old"), plain, 5000, options);
  for (int i = 0; i < 10; ++i) {
    const std::string id = "r" + std::to_string(i);
    erase(*store, plain, "Patient", id, i % 2 == 0 ? Extent::all : Extent::history);
  }
  REQUIRE(store->put_meta("kept", "one"));
  REQUIRE(store->put_meta("derived", "two"));
  auto target = tests::open_engine(kind, directory.path("new"));
  const auto done = rewrite(store->engine(), *target, {"derived"});
  REQUIRE(done);
  CHECK(done->documents == 5000);
  CHECK(done->erased == store->erased().size());
  const auto again = tests::open_store(std::move(target));
  CHECK(again->meta("kept") == "one");
  CHECK_FALSE(again->meta("derived"));
  plain.compare(*again, random(), 200);
  const auto report = again->check();
  for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
  CHECK(report.faults.empty());
  CHECK(again->engine().snapshot()->get(Space::meta, "dictionary.2"));  // trained of what is left
  // And it goes on.
  REQUIRE(again->write(tests::put(tests::draft(*again, "Patient", "r0", "anew"))));
  CHECK(again->current(tests::type("Patient"), "r0")->version == 1);
}

TEST_CASE("what a compaction left when it was killed is removed by the next opening") {
  tests::TemporaryDirectory directory;
  tests::PlainStore plain;
  filled(EngineKind::lmdb, directory.path(), plain, 50).reset();
  REQUIRE(make_directory(directory.path("compact")));
  {
    LmdbOptions options;
    options.directory = directory.path("compact");
    REQUIRE(open_lmdb(options));
  }
  REQUIRE(std::filesystem::exists(directory.path("compact/data.mdb")));
  auto store = tests::open_lmdb_store(directory.path());
  CHECK_FALSE(std::filesystem::exists(directory.path("compact")));
  plain.compare(*store, 1, 20);
  store.reset();
  const auto done = compact(directory.path(), model::r4(), {});
  REQUIRE(done);
  CHECK_FALSE(std::filesystem::exists(directory.path("compact")));
  plain.compare(*tests::open_lmdb_store(directory.path()), 1, 20);
}
