// Replies against a plain map under random operations; their life; commits that fail; who is told of commits.

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "store/replies.h"
#include "tests/store/support.h"

using namespace store;
using tests::EngineKind;

namespace {

std::int64_t test_time = 0;
std::int64_t test_clock() { return test_time; }

constexpr std::int64_t life = 1000;

StoreOptions short_life() {
  StoreOptions options;
  options.clock = test_clock;
  options.reply_milliseconds = life;
  options.training.clear();
  return options;
}

Operation keep(std::string key, std::string text) {
  return [key = std::move(key), text = std::move(text)](WriteContext& context) -> model::Result<void> {
    context.keep_reply(key, text);
    return {};
  };
}

std::size_t entries(Store& store) {
  const auto snapshot = store.engine().snapshot();
  const auto cursor = snapshot->cursor(Space::replies);
  std::size_t count = 0;
  for (bool there = cursor->seek({}); there; there = cursor->next()) ++count;
  return count;
}

void require_sound(const Store& store, std::uint64_t replies) {
  const auto report = store.check();
  for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
  REQUIRE(report.faults.empty());
  REQUIRE(report.replies == replies);
}

}  // namespace

TEST_CASE("replies agree with a map under random operations") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  std::mt19937_64 random(tests::random_seed("replies"));
  StoreOptions options = short_life();
  options.group_limit = 1 + random() % 20;
  auto store = tests::open_store(tests::open_engine(kind, directory.path()), options);
  test_time = 1'000'000;
  struct Kept {
    std::string text;
    std::int64_t time;
  };
  std::map<std::string, Kept> plain;
  const auto living = [&](const std::string& key) -> std::optional<std::string> {
    const auto found = plain.find(key);
    if (found == plain.end() || found->second.time < test_time - life) return std::nullopt;
    return found->second.text;
  };
  const auto random_key = [&] {
    std::string key = std::to_string(random() % 60);
    return key + std::string(random() % 2 == 0 ? 0 : max_reply_key - key.size(), '\xff');
  };
  enum class Ending { success, refusal, exception };
  std::uint64_t found = 0, missed = 0;
  for (int round = 0; round < 80; ++round) {
    test_time += static_cast<std::int64_t>(random() % 200);
    {
      tests::Hold hold(*store);
      for (int i = 0; i < 25; ++i) {
        const std::string key = random_key(), text(random() % 3000, static_cast<char>('a' + random() % 26));
        const auto expected = living(key);
        ++(expected ? found : missed);
        const bool keeps = random() % 2 == 0, writes = random() % 3 == 0;
        const auto ending = static_cast<Ending>(random() % 3);
        const Draft draft = tests::draft(*store, "Patient", "p" + std::to_string(random() % 20), text);
        if (keeps && ending != Ending::exception) plain[key] = {text, test_time};
        store->submit(
            [=](WriteContext& context) -> model::Result<void> {
              if (context.find_reply(key) != expected) {
                std::fprintf(stderr, "an operation found another reply than the model's\n");
                std::abort();
              }
              if (writes) context.put(draft);
              if (keeps) context.keep_reply(key, text);
              if (keeps && context.find_reply(key) != text) std::abort();
              if (ending == Ending::exception) throw std::runtime_error("on purpose");
              if (ending == Ending::refusal)
                return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, "on purpose");
              return {};
            },
            Lane::normal,
            [ending, writes](const model::Result<Commit>& result) {
              if (ending == Ending::success ? !result || (*result != 0) != writes : result.has_value()) std::abort();
            });
      }
    }
    REQUIRE(store->write([](WriteContext&) -> model::Result<void> { return {}; }));  // all before it is done
    for (int i = 0; i < 40; ++i) {
      const std::string key = random_key();
      INFO("round " << round << ", key " << key);
      REQUIRE(store->find_reply(key) == living(key));
    }
    if (kind == EngineKind::lmdb && round % 20 == 19) {
      store.reset();
      store = tests::open_store(tests::open_engine(kind, directory.path()), options);
    }
  }
  CHECK(found > 100);
  CHECK(missed > 100);
  // What is too old is gone, what is not is there: under its key and under its time.
  REQUIRE(store->write(keep("last", "one")));
  plain["last"] = {"one", test_time};
  std::size_t left = 0;
  for (const auto& [key, kept] : plain) left += living(key).has_value();
  REQUIRE(entries(*store) == 2 * left);
  require_sound(*store, left);
}

TEST_CASE("old replies are swept in slices, by whatever is written") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  auto store = tests::open_store(tests::open_engine(kind, directory.path()), short_life());
  test_time = 1'000'000;
  {
    tests::Hold hold(*store);
    for (int i = 0; i < 1000; ++i) store->submit(keep("k" + std::to_string(i), "answer"), Lane::normal, [](const auto&) {});
  }
  REQUIRE(store->write(keep("young", "x")));
  REQUIRE(entries(*store) == 2002);
  test_time += life;
  CHECK(store->find_reply("k1") == "answer");
  test_time += 1;
  CHECK_FALSE(store->find_reply("k1"));
  CHECK_FALSE(store->find_reply("young"));
  REQUIRE(entries(*store) == 2002);
  int writes = 0;
  std::size_t before = entries(*store);
  for (; before != 0 && writes < 20; ++writes) {
    REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p", "x"))));
    const std::size_t now = entries(*store);
    REQUIRE(now < before);
    REQUIRE(before - now <= 2 * 256);
    before = now;
    require_sound(*store, now / 2);
  }
  CHECK(before == 0);
  CHECK(writes == 4);
  // A key may be used again when its reply has had its life.
  REQUIRE(store->write(keep("k1", "another")));
  CHECK(store->find_reply("k1") == "another");
}

TEST_CASE("a commit that fails keeps no reply, and whoever saw it fails too") {
  auto failing = std::make_unique<tests::FailingEngine>(make_memory_engine());
  auto& engine = *failing;
  auto store = tests::open_store(std::move(failing), short_life());
  test_time = 1'000'000;
  REQUIRE(store->write(keep("a", "kept")));
  std::vector<model::Result<Commit>> results;
  bool replayed = false;
  {
    tests::Hold hold(*store);
    engine.failing = true;
    store->submit(
        [](WriteContext& context) -> model::Result<void> {
          context.keep_reply("b", "refused");
          return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, "on purpose");
        },
        Lane::normal, [&](model::Result<Commit> result) { results.push_back(std::move(result)); });
    store->submit(
        [&](WriteContext& context) -> model::Result<void> {
          replayed = context.find_reply("b") == "refused";
          return {};
        },
        Lane::normal, [&](model::Result<Commit> result) { results.push_back(std::move(result)); });
  }
  CHECK_FALSE(store->write(keep("c", "x")));
  engine.failing = false;
  CHECK(replayed);
  REQUIRE(results.size() == 2);
  for (const auto& result : results) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind != model::FailureKind::precondition_failed);
  }
  CHECK(store->find_reply("a") == "kept");
  CHECK_FALSE(store->find_reply("b"));
  require_sound(*store, 1);
}

TEST_CASE("a damaged reply is found out") {
  auto store = tests::open_store(make_memory_engine(), short_life());
  test_time = 1'000'000;
  REQUIRE(store->write(keep("a", "kept")));
  REQUIRE(store->write(keep("b", "kept")));
  REQUIRE(store->engine().write([](Transaction& out) {
    std::string value(*out.get(Space::replies, "\1a"));
    value.back() ^= 1;
    out.put(Space::replies, "\1a", value);
    const auto cursor = out.cursor(Space::replies);
    REQUIRE(cursor->seek({}));
    REQUIRE(cursor->next());
    out.erase(Space::replies, std::string(cursor->key()));  // b's entry by time
  }));
  CHECK_THROWS_AS(store->find_reply("a"), EngineError);
  CHECK(store->check().faults.size() == 3);  // listed by a time that it does not have, not to be decoded, not listed
}

TEST_CASE("observers are told of every group that was committed, until their tokens end") {
  auto store = tests::open_store(make_memory_engine());
  std::vector<Document> seen;
  int told = 0;
  auto first = store->observe([&] { seen.push_back(store->last_document()); });
  auto second = store->observe([&] {
    ++told;
    throw std::runtime_error("an observer's own trouble");
  });
  for (int i = 0; i < 3; ++i) REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p", "x"))));
  CHECK(seen == std::vector<Document>{1, 2, 3});
  CHECK(told == 3);
  first.reset();
  REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p", "x"))));
  CHECK(seen.size() == 3);
  CHECK(told == 4);
  store.reset();
  second.reset();  // may outlive the store
}
