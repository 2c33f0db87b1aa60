// Marks: what makes ranges of a type cheap in both directions; made for stores that lack them, and checked.

#include <catch2/catch.hpp>
#include <random>

#include "store/type_chain.h"
#include "tests/store/model.h"

using namespace store;

namespace {

// 700 versions of 40 patients, every tenth an observation.
tests::PlainStore write_some(Store& store) {
  tests::PlainStore plain;
  for (int i = 0; i < 700; ++i) {
    const std::string type = i % 10 == 3 ? "Observation" : "Patient", id = "r" + std::to_string(i * 7 % 40);
    REQUIRE(store.write(tests::put(tests::draft(store, type, id, std::to_string(i)))));
    const auto made = store.at(static_cast<Document>(i + 1));
    REQUIRE(made);
    plain.add(type, id, std::to_string(i), Method::put, made->commit, made->last_updated);
  }
  return plain;
}

std::size_t marks(Engine& engine) {
  const auto snapshot = engine.snapshot();
  const auto cursor = snapshot->cursor(Space::marks);
  std::size_t count = 0;
  for (bool there = cursor->seek("\1"); there; there = cursor->next()) ++count;
  return count;
}

}  // namespace

TEST_CASE("a store of format 1 gets its marks when it is opened") {
  tests::TemporaryDirectory directory;
  auto store = tests::open_lmdb_store(directory.path());
  const auto plain = write_some(*store);
  CHECK(marks(store->engine()) == 630 / 64 + 70 / 64);
  const bool small_heads = GENERATE(false, true);
  REQUIRE(store->engine().write([&](Transaction& out) {
    for (Document document = 1; document <= 700; ++document) {
      out.erase(Space::marks, mark_key(1, document));
      out.erase(Space::marks, mark_key(2, document));
    }
    out.erase(Space::meta, "counts");
    if (small_heads) out.erase(Space::meta, "heads");
    out.put(Space::meta, "format", "\1");
  }));
  CHECK(marks(store->engine()) == 0);
  CHECK_FALSE(store->check().faults.empty());
  store.reset();
  store = tests::open_lmdb_store(directory.path());
  CHECK(marks(store->engine()) == 630 / 64 + 70 / 64);
  CHECK(store->check().faults.empty());
  plain.compare(*store, tests::random_seed("marks"), 100);
  store.reset();
  store = tests::open_lmdb_store(directory.path());
  CHECK(store->check().faults.empty());
}
