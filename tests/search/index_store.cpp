// The index behind the real store: the same answers on both engines, and after kills under load.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/search/index_support.h"

using namespace search;
using namespace index_test;

namespace {

std::unique_ptr<store::Store> open_store(const std::string& directory) {
  std::unique_ptr<store::Engine> engine;
  if (directory.empty()) {
    engine = store::make_memory_engine();
  } else {
    auto opened = store::open_lmdb({directory});
    if (!opened) throw std::runtime_error(opened.error().issues.list().front().diagnostics);
    engine = std::move(*opened);
  }
  auto opened = store::Store::open(std::move(engine), model::r4());
  if (!opened) throw std::runtime_error(opened.error().issues.list().front().diagnostics);
  return std::move(*opened);
}

std::unique_ptr<Index> open_index(store::Store& store, const std::string& directory) {
  auto opened = Index::open(store, model::r4(), {directory, 8u << 20, 100}, terms_of);
  if (!opened) throw std::runtime_error(opened.error().issues.list().front().diagnostics);
  return std::move(*opened);
}

void write(store::Store& store, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    store::Draft draft;
    draft.type = change.type;
    draft.id = change.id;
    draft.method = change.remove ? store::Method::remove : store::Method::put;
    if (!change.remove) draft.body = store.pack(body_of(change.terms.get()));
    draft.index = change.terms;
    store.submit(
        [draft = std::move(draft)](store::WriteContext& context) -> model::Result<void> {
          context.put(draft);
          return {};
        },
        store::Lane::normal, [](model::Result<store::Commit>) {});
  }
  if (!store.write([](store::WriteContext&) -> model::Result<void> { return {}; })) throw std::runtime_error("a write failed");
}

Oracle oracle_of(const store::Store& store) {
  Oracle oracle;
  store.scan(1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
    oracle.add(version, version.deleted() ? nullptr : terms_of(version, body, hole));
    return true;
  });
  return oracle;
}

}  // namespace

TEST_CASE("the index follows the store, and finds all again at the next start", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  const bool on_disk = GENERATE(true, false);
  Scratch scratch;
  auto store = open_store(on_disk ? scratch.path() : "");
  Generator generator(seed);
  const std::string segments = on_disk ? scratch.path() + "/segments" : "";
  auto index = open_index(*store, segments);
  for (int round = 0; round < 10; ++round) write(*store, generator.group(1 + below(generator.random, 60)));
  index->flush();
  write(*store, generator.group(30));
  compare(*index->view(), oracle_of(*store), generator.random, 5);
  CHECK(index->check() == std::vector<std::string>());
  if (!on_disk) return;
  index.reset();
  store.reset();
  store = open_store(scratch.path());
  index = open_index(*store, segments);
  compare(*index->view(), oracle_of(*store), generator.random, 5);
  CHECK(index->check() == std::vector<std::string>());
  CHECK(index->figures().memory_segments == 0);
}

TEST_CASE("kills under load leave store and index in agreement", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  Scratch scratch;
  Document before = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    const auto child_seed = random();
    const auto microseconds = 20000 + below(random, 120000);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::thread([=] {
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
        ::_exit(0);
      }).detach();
      try {
        auto store = open_store(scratch.path());
        auto index = open_index(*store, scratch.path() + "/segments");
        Generator generator(child_seed);
        generator.ids = child_seed % 500;
        while (true) write(*store, generator.group(1 + below(generator.random, 40)));
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(2);
      }
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    auto store = open_store(scratch.path());
    REQUIRE(store->last_document() >= before);
    before = store->last_document();
    auto index = open_index(*store, scratch.path() + "/segments");
    REQUIRE(index->view()->last() == before);
    compare(*index->view(), oracle_of(*store), random, 1);
    REQUIRE(index->check() == std::vector<std::string>());
  }
  CHECK(before > 0);
}
