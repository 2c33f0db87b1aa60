// Random operations in random groups against the plain model, on both engines, reopened now and then.

#include <catch2/catch.hpp>
#include <random>

#include "tests/store/model.h"

using namespace store;
using tests::EngineKind;

namespace {

std::int64_t test_time = 0;
std::int64_t test_clock() { return test_time; }

struct Planned {
  std::vector<std::tuple<std::string, std::string, std::string, Method>> puts;  // type, id, text, method
  bool fails = false, throws = false;
};

Planned plan(std::mt19937_64& random) {
  static const std::vector<std::string> types = {"Patient", "Observation", "Encounter", "Basic"};
  Planned out;
  const std::size_t count = random() % 10 == 0 ? random() % 30 : random() % 3;
  for (std::size_t i = 0; i < count; ++i) {
    // Basic is rare.
    const std::string type = types[random() % 50 == 0 ? 3 : random() % 3];
    const std::string id = "r" + std::to_string(random() % 40);
    bool twice = false;
    for (const auto& put : out.puts) twice = twice || (std::get<0>(put) == type && std::get<1>(put) == id);
    if (twice) continue;
    const bool remove = random() % 5 == 0;
    out.puts.emplace_back(type, id, remove ? "" : std::string(random() % 300, 'a' + static_cast<char>(random() % 26)),
                          remove ? Method::remove : static_cast<Method>(random() % 3));
  }
  out.fails = random() % 8 == 0;
  out.throws = !out.fails && random() % 8 == 0;
  return out;
}

// Queues an erasure; the model's is done at once, as the order of the queue is the order of the writes.
void erase_some(Store& store, tests::PlainStore& plain, std::mt19937_64& random) {
  static const std::vector<std::string> types = {"Patient", "Observation", "Encounter", "Basic"};
  const std::string type = types[random() % 4], id = "r" + std::to_string(random() % 40);
  const auto extent = static_cast<Erasure::Extent>(random() % 3);
  const auto* chain = plain.chain(type, id);
  const std::uint64_t version = random() % ((chain ? chain->size() : 0) + 2);
  const bool newest = chain && extent == Erasure::Extent::version && version == chain->size();
  const auto expected = plain.erase(type, id, extent, version);
  store.erase({tests::type(type), id, extent, version}, [expected, newest](const model::Result<std::uint64_t>& result) {
    const bool right =
        expected ? result && *result == *expected
                 : !result && result.error().kind == (newest ? model::FailureKind::conflict : model::FailureKind::not_found);
    if (!right) {
      std::fprintf(stderr, "a wrong answer to an erasure: %s\n",
                   result ? std::to_string(*result).c_str() : tests::text(result.error()).c_str());
      std::abort();
    }
  });
}

}  // namespace

TEST_CASE("a store agrees with a plain model under random operations") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const std::uint64_t seed = tests::random_seed("random operations");
  std::mt19937_64 random(seed);
  tests::PlainStore plain;
  StoreOptions options;
  options.clock = test_clock;
  options.group_limit = 1 + random() % 20;
  options.training = {150, 700};
  auto store = tests::open_store(tests::open_engine(kind, directory.path()), options);
  test_time = 1000;
  Commit commit = 0;
  std::int64_t last_time = 0;
  for (int round = 0; round < 60; ++round) {
    test_time += static_cast<std::int64_t>(random() % 40) - 10;  // the clock falls now and then
    {
      tests::Hold hold(*store);
      const int operations = 1 + static_cast<int>(random() % 25);
      for (int i = 0; i < operations; ++i) {
        if (random() % 12 == 0) {
          erase_some(*store, plain, random);
          continue;
        }
        const Planned planned = plan(random);
        std::vector<Draft> drafts;
        for (const auto& [type, id, text, method] : planned.puts) {
          drafts.push_back(method == Method::remove ? tests::removal(type, id) : tests::draft(*store, type, id, text, method));
        }
        const bool succeeds = !planned.fails && !planned.throws && !planned.puts.empty();
        std::vector<Version> expected;
        const std::int64_t now = std::max(test_time, last_time);
        if (succeeds) {
          ++commit;
          last_time = now;
          for (const auto& [type, id, text, method] : planned.puts)
            expected.push_back(plain.add(type, id, text, method, commit, now));
        }
        store->submit(
            [&plain, planned, drafts, expected, succeeds](WriteContext& context) -> model::Result<void> {
              for (std::size_t p = 0; p < drafts.size(); ++p) {
                const auto before = context.current(drafts[p].type, drafts[p].id);
                const Document next = context.next_document();
                const Version version = context.put(drafts[p]);
                if (version.document != next || version.commit != context.commit() || version.last_updated != context.now()) {
                  throw std::logic_error("a version that is not as foretold");
                }
                if (version.previous != (before ? before->document : 0) ||
                    version.version != (before ? before->version + 1 : 1)) {
                  throw std::logic_error("a version that does not follow the current one");
                }
                if (succeeds && !tests::same(version, expected[p])) throw std::logic_error("another version than the model's");
                const auto after = context.current(drafts[p].type, drafts[p].id);
                if (!after || !tests::same(*after, version)) throw std::logic_error("an operation that does not see its own put");
              }
              if (planned.throws) throw std::runtime_error("thrown on purpose");
              if (planned.fails) return model::failure(model::FailureKind::conflict, model::IssueCode::conflict, "on purpose");
              return {};
            },
            random() % 4 == 0 ? Lane::normal : Lane::normal,
            [planned, succeeds, commit](const model::Result<Commit>& result) {
              // Completions run on the writer's thread: a throw there is swallowed, so tell by exit.
              const bool right = planned.fails ? !result && result.error().kind == model::FailureKind::conflict
                                 : planned.throws
                                     ? !result && tests::text(result.error()).find("thrown on purpose") != std::string::npos
                                 : succeeds ? result && *result == commit
                                            : result && *result == 0;
              if (!right) {
                std::fprintf(stderr, "a wrong answer: %s\n",
                             result ? std::to_string(*result).c_str() : tests::text(result.error()).c_str());
                std::abort();
              }
            });
      }
    }
    REQUIRE(store->write([](WriteContext&) -> model::Result<void> { return {}; }));  // all before it is done
    INFO("round " << round);
    plain.compare(*store, random(), 15);
    if (kind == EngineKind::lmdb && round % 10 == 9) {
      store.reset();
      store = tests::open_store(tests::open_engine(kind, directory.path()), options);
      plain.compare(*store, random(), 15);
    }
  }
  const auto report = store->check();
  for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
  CHECK(report.faults.empty());
  CHECK(report.documents == plain.documents.size());
  CHECK(report.erased > 0);
  CHECK(report.resources == plain.resources.size());
  plain.compare(*store, random(), 300);
}

TEST_CASE("long histories are walked in few steps, and recreated resources count on") {
  tests::TemporaryDirectory directory;
  auto store = tests::open_lmdb_store(directory.path());
  tests::PlainStore plain;
  std::mt19937_64 random(tests::random_seed("long histories"));
  constexpr int versions = 5000;
  Commit commit = 0;
  {
    tests::Hold hold(*store);
    for (int i = 0; i < versions; ++i) {
      const bool remove = i % 100 == 50;
      const std::string text = std::to_string(i);
      store->submit(tests::put(remove ? tests::removal("Patient", "r1") : tests::draft(*store, "Patient", "r1", text)),
                    Lane::normal, [](const model::Result<Commit>& result) {
                      if (!result) std::abort();
                    });
    }
  }
  REQUIRE(store->write([](WriteContext&) -> model::Result<void> { return {}; }));
  for (int i = 0; i < versions; ++i) {
    const auto found = store->at(static_cast<Document>(i + 1));
    REQUIRE(found);
    const bool remove = i % 100 == 50;
    const auto expected = plain.add("Patient", "r1", remove ? "" : std::to_string(i), remove ? Method::remove : Method::put,
                                    ++commit, found->last_updated);
    REQUIRE(tests::same(*found, expected));
  }
  plain.compare(*store, random(), 100);
  const auto all = store->history(tests::type("Patient"), "r1", 0, versions + 10);
  REQUIRE(all.size() == versions);
  CHECK(all.front().version == versions);
  CHECK(store->check().faults.empty());
  store.reset();
  store = tests::open_lmdb_store(directory.path());
  plain.compare(*store, random(), 100);
}
