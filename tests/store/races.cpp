// Two hundred threads at one condition: exactly one wins, also while commits fail in between.

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/store/support.h"

using namespace store;

namespace {

constexpr int clients = 200;

// An index of identifiers, as a search index would follow the writer: what a condition asks.
class Identifiers : public IndexListener {
 public:
  struct Entry : IndexEntry {
    explicit Entry(std::string of) : identifier(std::move(of)) {}
    std::string identifier;
  };
  void stage(const Version&, const std::shared_ptr<const IndexEntry>& index) override {
    if (index) staged_.insert(static_cast<const Entry&>(*index).identifier);
  }
  void publish() override { published_.merge(staged_), staged_.clear(); }
  void abandon() override { staged_.clear(); }
  void erase(const std::vector<Document>&) override {}
  // On the writer's thread.
  bool has(const std::string& identifier) const { return published_.contains(identifier) || staged_.contains(identifier); }

 private:
  std::set<std::string> staged_, published_;
};

void race(const std::function<void(int)>& client) {
  std::latch start(clients);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      client(i);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("conditional creates of one identifier make exactly one resource") {
  const auto kind = GENERATE(tests::EngineKind::memory, tests::EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  Identifiers index;
  auto failing = std::make_unique<tests::FailingEngine>(tests::open_engine(kind, directory.path()));
  auto& engine = *failing;
  const auto store = tests::open_store(std::move(failing));
  store->listen(&index);
  std::mt19937_64 random(tests::random_seed("conditional creates"));
  engine.each_commit([&] { engine.failing = random() % 3 == 0; });
  for (int round = 0; round < 5; ++round) {
    const std::string identifier = "identifier-" + std::to_string(round);
    std::atomic<int> created = 0, existed = 0;
    race([&](int client) {
      const std::string id = identifier + "-" + std::to_string(client);
      for (;;) {
        auto draft = tests::draft(*store, "Patient", id, identifier);
        draft.index = std::make_shared<Identifiers::Entry>(identifier);
        const auto result = store->write([&](WriteContext& context) -> model::Result<void> {
          if (!index.has(identifier)) context.put(draft);
          return {};
        });
        if (!result) continue;  // the disk was full: again
        (*result != 0 ? created : existed)++;
        break;
      }
    });
    CHECK(created == 1);
    CHECK(existed == clients - 1);
  }
  engine.each_commit(nullptr);
  engine.failing = false;
  store->write([](WriteContext&) -> model::Result<void> { return {}; });
  std::map<std::string, int> found;
  store->scan(1, [&](const Version&, std::string_view body, Hole) {
    const auto at = body.find("identifier-", body.find("\"text\""));
    return ++found[std::string(body.substr(at, 12))], true;
  });
  CHECK(found.size() == 5);
  for (const auto& [identifier, count] : found) CHECK(count == 1);
  CHECK(store->check().faults.empty());
}

TEST_CASE("of updates that all name the same version one wins") {
  const auto kind = GENERATE(tests::EngineKind::memory, tests::EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const auto store = tests::open_store(tests::open_engine(kind, directory.path()));
  const auto patient = tests::type("Patient");
  REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "a", "start"))));
  for (std::uint64_t round = 1; round <= 5; ++round) {
    std::atomic<int> won = 0, lost = 0;
    race([&](int client) {
      const auto draft = tests::draft(*store, "Patient", "a", std::to_string(client));
      const auto result = store->write([&](WriteContext& context) -> model::Result<void> {
        if (context.current(patient, "a")->version != round) {
          return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, "another version");
        }
        context.put(draft);
        return {};
      });
      (result ? won : lost)++;
    });
    CHECK(won == 1);
    CHECK(lost == clients - 1);
    CHECK(store->current(patient, "a")->version == round + 1);
  }
}

TEST_CASE("a read never returns what was replaced before it began, cached or not") {
  const auto kind = GENERATE(tests::EngineKind::memory, tests::EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  StoreOptions options;
  options.cache_bytes = GENERATE(64u << 10, 8u << 20);  // one that evicts all the time, one that keeps all
  const auto store = tests::open_store(tests::open_engine(kind, directory.path()), options);
  const auto patient = tests::type("Patient");
  constexpr int resources = 8;
  std::atomic<std::uint64_t> acknowledged[resources] = {};
  std::atomic<bool> done = false;
  std::atomic<int> stale = 0, wrong = 0, hits = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937 random(static_cast<unsigned>(r));
      while (!done) {
        const int i = static_cast<int>(random() % resources);
        const std::string id = "r" + std::to_string(i);
        const std::uint64_t least = acknowledged[i];
        auto found = store->cached(patient, id);
        if (found) {
          ++hits;
        } else {
          found = store->read(patient, id);
        }
        if ((found ? found->version.version : 0) < least) ++stale;
        if (found && !found->version.deleted()) {
          wrong += *found->body != tests::sent_body("Patient", id, std::to_string(found->version.version), found->version);
        }
      }
    });
  }
  for (int round = 1; round <= 400; ++round) {
    const int i = round % resources;
    const std::string id = "r" + std::to_string(i);
    const std::uint64_t version = acknowledged[i] + 1;
    REQUIRE(store->write(tests::put(version % 5 == 0 ? tests::removal("Patient", id)
                                                     : tests::draft(*store, "Patient", id, std::to_string(version)))));
    acknowledged[i] = version;
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(stale == 0);
  CHECK(wrong == 0);
}
