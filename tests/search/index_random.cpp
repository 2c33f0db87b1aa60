// The whole index against the simple way: random writes, flushes, merges, reopenings, readers beside the writer.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "search/current_then.h"
#include "search/merge.h"
#include "tests/search/index_support.h"

using namespace search;
using namespace index_test;

TEST_CASE("a view answers as the simple way does, whatever was flushed, merged and reopened", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  const bool on_disk = GENERATE(true, false);
  Scratch scratch;
  FakeStore store;
  Oracle oracle;
  Generator generator(seed);
  const std::string directory = on_disk ? scratch.path() + "/segments" : "";
  auto index = open_index(store, directory, 200);
  Document known = 0;
  for (int round = 0; round < 60; ++round) {
    const std::size_t size = 1 + below(generator.random, round % 5 == 0 ? 200 : 20);
    const auto changes = generator.group(size);
    if (round % 7 == 3) store.abandon(generator.group(3));
    store.commit(changes);
    store.scan(known + 1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
      oracle.add(version, terms_of(version, body, hole));
      known = version.document;
      return true;
    });
    if (round % 4 == 1) {
      std::vector<Document> erased;
      for (auto left = 1 + below(generator.random, 5); left > 0; --left) {
        const Document document = 1 + below(generator.random, known);
        if (std::exchange(oracle.documents[document].erased, true)) continue;
        erased.push_back(document);
      }
      store.erase_documents(erased);
    }
    const auto what = below(generator.random, 10);
    if (what == 0) index->flush();
    if (what == 1) {
      index.reset();
      index = open_index(store, directory, 200);
    }
    compare(*index->view(), oracle, generator.random, 2);
  }
  CHECK(index->check() == std::vector<std::string>());
  const auto figures = index->figures();
  CHECK(figures.failed_writes == 0);
  CHECK((figures.disk_segments > 0) == on_disk);
  CHECK(index->files().size() == figures.disk_segments);
}

// Its terms may stay in the runs, or not: what counts is that nothing of it is alive.
TEST_CASE("what is erased is alive at no moment, whatever was flushed, merged and reopened", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  const bool on_disk = GENERATE(true, false);
  Scratch scratch;
  FakeStore store;
  Oracle oracle;
  Generator generator(seed);
  const std::string directory = on_disk ? scratch.path() + "/segments" : "";
  auto index = open_index(store, directory, 200);
  Document known = 0;
  for (int round = 0; round < 40; ++round) {
    store.commit(generator.group(1 + below(generator.random, round % 5 == 0 ? 200 : 20)));
    store.scan(known + 1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
      oracle.add(version, terms_of(version, body, hole));
      known = version.document;
      return true;
    });
    std::vector<Document> erased;
    for (auto left = below(generator.random, 5); left > 0; --left) {
      const Document document = 1 + below(generator.random, known);
      if (!std::exchange(oracle.documents[document].erased, true)) erased.push_back(document);
    }
    store.erase_documents(erased);
    const auto what = below(generator.random, 6);
    if (what == 0) index->flush();
    if (what == 1) {
      index.reset();
      index = open_index(store, directory, 200);
    }
    const auto view = index->view();
    for (const Document moment : {known, 1 + below(generator.random, known), 1 + below(generator.random, known)}) {
      std::vector<Document> alive;
      for (Document document = 1; document <= known; ++document) {
        REQUIRE(view->alive_at(document, moment) == oracle.alive(document, moment));
        if (oracle.alive(document, moment)) alive.push_back(document);
      }
      const CurrentThen all{moment, 1, known + 1, {}};
      REQUIRE(current_then(*view, all, store::Order::oldest_first, known) == alive);
      REQUIRE(count_current_then(*view, all) == alive.size());
      std::reverse(alive.begin(), alive.end());
      alive.resize(std::min<std::size_t>(alive.size(), 7));
      REQUIRE(current_then(*view, all, store::Order::newest_first, 7) == alive);
    }
  }
  CHECK(index->check() == std::vector<std::string>());
}

TEST_CASE("a view held stays as it was", "[index]") {
  Scratch scratch;
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, scratch.path(), 100);
  store.commit(generator.group(150));
  const auto held = index->view();
  const Oracle then = Oracle::of(store);
  for (int i = 0; i < 20; ++i) store.commit(generator.group(50));
  index->flush();
  compare(*held, then, generator.random, 5);
  compare(*index->view(), Oracle::of(store), generator.random, 5);
}

TEST_CASE("large runs keep dense lists, windows and columns right through merges of files", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Scratch scratch;
  FakeStore store;
  Generator generator(seed);
  auto index = open_index(store, scratch.path(), 1500);
  for (int i = 0; i < 40; ++i) store.commit(generator.group(250));
  index->flush();
  compare(*index->view(), Oracle::of(store), generator.random, 6);
  CHECK(index->check() == std::vector<std::string>());
}

TEST_CASE("what is staged is found by its terms, and forgotten when the group fails", "[index]") {
  FakeStore store;
  Generator generator(7);
  auto index = open_index(store, "");
  const auto type = model::r4().resource_type("Patient");
  const auto terms = generator.terms(type);
  store::Version version;
  version.type = type;
  version.id = "a";
  version.document = 1;
  index->stage(version, terms);
  version.document = 2;
  version.id = "b";
  version.previous = 1;
  index->stage(version, generator.terms(type));
  std::vector<const Index::Staged*> found;
  const auto unique =
      std::find_if(terms->terms.begin(), terms->terms.end(), [](const Term& term) { return term.bytes.find("unique") == 1; });
  REQUIRE(unique != terms->terms.end());
  Clause clause{{type, unique->parameter}, {exact_scan(unique->bytes)}, false, {}};
  index->staged(clause, found);
  REQUIRE(found.size() == 1);
  CHECK(found[0]->version.document == 1);
  CHECK(matches(*found[0]->terms, clause));
  CHECK(index->staged_superseded(1));
  CHECK_FALSE(index->staged_superseded(2));
  clause.scans = {prefix_scan(std::string(1, tag_value))};
  found.clear();
  index->staged(clause, found);
  CHECK(found.size() == 2);
  clause.key.type = model::r4().resource_type("Group");
  found.clear();
  index->staged(clause, found);
  CHECK(found.empty());
  index->abandon();
  clause.key.type = type;
  index->staged(clause, found);
  CHECK(found.empty());
  CHECK_FALSE(index->staged_superseded(1));
  CHECK(index->view()->last() == 0);
}

TEST_CASE("terms under a parameter that the type does not have are a defect that shows before the commit", "[index]") {
  FakeStore store;
  auto index = open_index(store, "");
  auto terms = std::make_shared<DocumentTerms>();
  terms->type = model::r4().resource_type("Patient");
  for (model::ParameterId p = 0; p < model::r4().search_parameters.size(); ++p)
    if (model::r4().text(model::r4().search_parameters[p].id) == "Observation-status") terms->terms = {{p, "\x01"}};
  store::Version version;
  version.type = terms->type;
  version.document = 1;
  CHECK_THROWS_AS(index->stage(version, terms), std::logic_error);
}

TEST_CASE("what was committed while publish() failed is found with the next group", "[index]") {
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, "");
  store.commit(generator.group(10));
  store.listen(nullptr);
  store.commit(generator.group(10));
  store.listen(index.get());
  store.commit(generator.group(10));
  compare(*index->view(), Oracle::of(store), generator.random, 10);
}

TEST_CASE("parameters that a schema does not know are kept through its merges", "[index]") {
  Generator generator(Catch::rngSeed());
  model::Schema fewer = model::r4();
  fewer.search_parameters = fewer.search_parameters.first(fewer.search_parameters.size() / 2);
  const Keys all(model::r4()), some(fewer);
  const std::atomic<bool> never = false;
  const auto merged = [&](const std::vector<std::shared_ptr<const Run>>& runs, const Keys& keys) {
    MemoryOutput out;
    SegmentWriter writer(out, runs.front()->base(), static_cast<std::uint32_t>(runs.back()->end() - runs.front()->base()), true);
    REQUIRE(merge_runs(runs, keys, never, writer));
    writer.finish();
    return out.take();
  };
  const auto open = [&](std::string bytes, const Keys& keys) {
    std::string fault;
    auto run = Run::open(owned_bytes(std::move(bytes)), keys, true, fault);
    INFO(fault);
    REQUIRE(run);
    return run;
  };
  std::vector<std::shared_ptr<const Run>> known, unknown;
  Document base = 1;
  for (const std::uint32_t size : {40u, 1u, 70u}) {
    std::vector<RunDocument> documents(size);
    std::vector<const RunDocument*> pointers;
    for (std::uint32_t i = 0; i < size; ++i) {
      documents[i].version.type = model::r4().resource_type(i % 3 == 0 ? "Patient" : "Encounter");
      documents[i].version.document = base + i;
      documents[i].terms = generator.terms(documents[i].version.type);
      pointers.push_back(&documents[i]);
    }
    known.push_back(make_run(base, size, pointers, all));
    unknown.push_back(open(merged({known.back()}, all), some));
    REQUIRE(unknown.back()->parts().size() == known.back()->parts().size());
    base += size;
  }
  CHECK(merged(known, all) == merged(unknown, some));
  CHECK(open(merged(unknown, some), all)->examine() == std::vector<std::string>());
}

TEST_CASE("readers hold views while the writer publishes and the lanes merge", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Scratch scratch;
  FakeStore store;
  Generator generator(seed);
  auto index = open_index(store, scratch.path(), 200);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> asked = 0;
  const auto patient = model::r4().resource_type("Patient");
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r)
    readers.emplace_back([&] {
      Document last = 0;
      while (!done) {
        const auto view = index->view();
        if (view->last() < last) ++wrong;
        last = view->last();
        // Each live document of the type once: the same count from the postings as from asking one by one.
        std::uint64_t from_lists = 0, one_by_one = 0;
        for (const auto& segment : view->segments()) {
          const int slot = segment->slot({patient, every_document});
          if (slot < 0) continue;
          std::vector<std::uint64_t> bitmap((segment->size() + 63) / 64);
          segment->unite(slot, segment->find(slot, Scan()), bitmap);
          for (std::uint32_t i = 0; i < segment->size(); ++i)
            one_by_one += (bitmap[i / 64] >> (i % 64) & 1) != 0 && view->alive_at(segment->base() + i, last);
          view->restrict_alive(*segment, last, bitmap);
          for (const auto word : bitmap) from_lists += static_cast<std::uint64_t>(__builtin_popcountll(word));
        }
        if (from_lists != one_by_one) ++wrong;
        ++asked;
      }
    });
  for (int i = 0; i < 150; ++i) {
    store.commit(generator.group(1 + below(generator.random, 40)));
    if (i % 40 == 0) index->flush();
  }
  while (asked < 10) std::this_thread::yield();
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  compare(*index->view(), Oracle::of(store), generator.random, 3);
  CHECK(index->check() == std::vector<std::string>());
}
