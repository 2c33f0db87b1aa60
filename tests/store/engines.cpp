// Both engines under the same random operations, and what only LMDB does: growing, reading beside a writer.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "tests/store/support.h"

using namespace store;
using tests::EngineKind;

namespace {

using Plain = std::map<std::string, std::string>;

std::string random_key(std::mt19937_64& random) {
  std::string key(1 + random() % 6, '\0');
  for (char& c : key) c = static_cast<char>("ab\x00\xff\x7f\x80"[random() % 6]);
  return key;
}

// The space holds exactly `plain`, forwards, backwards and by look-ups.
void compare(const Snapshot& snapshot, Space space, const Plain& plain, std::mt19937_64& random) {
  const auto cursor = snapshot.cursor(space);
  REQUIRE_FALSE(cursor->next());
  REQUIRE_FALSE(cursor->previous());
  auto expected = plain.begin();
  for (bool there = cursor->seek(""); there; there = cursor->next(), ++expected) {
    REQUIRE(expected != plain.end());
    REQUIRE(cursor->key() == expected->first);
    REQUIRE(cursor->value() == expected->second);
  }
  REQUIRE(expected == plain.end());
  auto backward = plain.rbegin();
  for (bool there = cursor->last(); there; there = cursor->previous(), ++backward) REQUIRE(cursor->key() == backward->first);
  REQUIRE(backward == plain.rend());
  for (int i = 0; i < 20; ++i) {
    const std::string key = random_key(random);
    const auto found = snapshot.get(space, key);
    const auto wanted = plain.find(key);
    REQUIRE(found.has_value() == (wanted != plain.end()));
    if (found) REQUIRE(*found == wanted->second);
    const auto bound = plain.lower_bound(key);
    REQUIRE(cursor->seek(key) == (bound != plain.end()));
    if (bound == plain.end()) continue;
    REQUIRE(cursor->key() == bound->first);
    REQUIRE(cursor->previous() == (bound != plain.begin()));
    if (bound != plain.begin()) REQUIRE(cursor->key() == std::prev(bound)->first);
  }
}

}  // namespace

TEST_CASE("engines agree with a map under random operations") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  std::mt19937_64 random(tests::random_seed("engines"));
  auto engine = tests::open_engine(kind, directory.path());
  std::map<Space, Plain> state;
  const std::vector<Space> spaces = {Space::meta, Space::ids, Space::documents, Space::segments, Space::replies};
  std::unique_ptr<Snapshot> old;
  std::map<Space, Plain> old_state;
  for (int round = 0; round < 60; ++round) {
    if (round % 7 == 0) {
      old = engine->snapshot();
      old_state = state;
    }
    const bool fails = random() % 5 == 0;
    auto next = state;
    const auto seed = random();
    const auto transaction = [&](Transaction& out) {
      next = state;  // fn may be run again
      std::mt19937_64 own(seed);
      for (int i = 0; i < 40; ++i) {
        const Space space = spaces[own() % spaces.size()];
        Plain& plain = next[space];
        const std::string key = random_key(own), value(own() % 3000, 'v');
        switch (own() % 4) {
          case 0:
            REQUIRE(out.erase(space, key) == (plain.erase(key) != 0));
            break;
          case 1: {
            const std::string last = plain.empty() ? "a" : plain.rbegin()->first + "x";
            if (last.size() < 200) {
              out.append(space, last, value);
              plain[last] = value;
            }
            break;
          }
          default:
            out.put(space, key, value);
            plain[key] = value;
        }
        REQUIRE(out.get(space, key).has_value() == plain.contains(key));
      }
      for (const Space space : spaces) compare(out, space, next[space], own);
      if (fails) throw std::runtime_error("given up");
    };
    if (fails) {
      REQUIRE_THROWS_AS(engine->write(transaction), std::runtime_error);
    } else {
      REQUIRE(engine->write(transaction));
      state = next;
    }
    const auto now = engine->snapshot();
    for (const Space space : spaces) compare(*now, space, state[space], random);
    for (const Space space : spaces) compare(*old, space, old_state[space], random);
    if (kind == EngineKind::lmdb && round % 20 == 19) {
      old.reset();
      const_cast<std::unique_ptr<Snapshot>&>(now).reset();
      engine.reset();
      engine = tests::open_engine(kind, directory.path());
      old = engine->snapshot();
      old_state = state;
    }
  }
}

TEST_CASE("append refuses a key that is not the greatest") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const auto engine = tests::open_engine(kind, directory.path());
  REQUIRE(engine->write([](Transaction& out) { out.append(Space::documents, "b", "1"); }));
  for (const char* key : {"a", "b"}) {
    bool written = false;
    try {
      written = engine->write([&](Transaction& out) { out.append(Space::documents, key, "2"); }).has_value();
    } catch (const EngineError&) {
    }
    REQUIRE_FALSE(written);
  }
  REQUIRE(engine->snapshot()->get(Space::documents, "b") == "1");
}

TEST_CASE("snapshots stay as they were while a writer goes on") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const auto engine = tests::open_engine(kind, directory.path());
  REQUIRE(engine->write([](Transaction& out) {
    out.put(Space::ids, "left", "100");
    out.put(Space::ids, "right", "0");
  }));
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0, reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto snapshot = engine->snapshot();
        const int left = std::stoi(std::string(*snapshot->get(Space::ids, "left")));
        const int right = std::stoi(std::string(*snapshot->get(Space::ids, "right")));
        torn += left + right != 100;
        ++reads;
      }
    });
  }
  for (int i = 1; i <= 200 || reads < 100; ++i) {
    REQUIRE(engine->write([&](Transaction& out) {
      out.put(Space::ids, "left", std::to_string(100 - i % 100));
      out.put(Space::ids, "right", std::to_string(i % 100));
    }));
  }
  done = true;
  for (auto& reader : readers) reader.join();
  REQUIRE(torn == 0);
}

TEST_CASE("the map grows under readers, and refuses at its limit") {
  tests::TemporaryDirectory directory;
  LmdbOptions options;
  options.directory = directory.path();
  options.initial_map_bytes = 256u << 10;
  options.max_map_bytes = 8u << 20;
  auto engine = *open_lmdb(options);
  const std::string value(10000, 'v');
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto snapshot = engine->snapshot();
        const auto inner = engine->snapshot();  // nested: must not deadlock with growing
        const auto cursor = snapshot->cursor(Space::documents);
        for (bool there = cursor->last(); there; there = false) wrong += cursor->value() != value;
      }
    });
  }
  int written = 0;
  model::FailureKind refused{};
  for (; written < 2000; ++written) {
    std::string key = std::to_string(1000000 + written);
    const auto result = engine->write([&](Transaction& out) { out.append(Space::documents, key, value); });
    if (result) continue;
    refused = result.error().kind;
    break;
  }
  CHECK(written > 300);  // 3 MB and more: the map grew
  CHECK(written < 2000);
  CHECK(refused == model::FailureKind::no_space);
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  // Reads go on; with a greater limit, writes too.
  CHECK(engine->snapshot()->get(Space::documents, "1000000") == value);
  engine.reset();
  options.max_map_bytes = 16u << 20;
  engine = *open_lmdb(options);
  REQUIRE(engine->write([&](Transaction& out) { out.append(Space::documents, "3", value); }));
  // A transaction that needs several doublings at once.
  engine.reset();
  options.directory = directory.path("second");
  options.max_map_bytes = 64u << 20;
  engine = *open_lmdb(options);
  REQUIRE(engine->write([&](Transaction& out) {
    for (int i = 0; i < 1000; ++i) out.append(Space::documents, std::to_string(1000000 + i), value);
  }));
  CHECK(engine->size_bytes() > 10u << 20);
}

TEST_CASE("more readers than slots wait for one") {
  tests::TemporaryDirectory directory;
  const auto engine = tests::open_engine(EngineKind::lmdb, directory.path());
  REQUIRE(engine->write([](Transaction& out) { out.put(Space::ids, "a", "1"); }));
  std::vector<std::unique_ptr<Snapshot>> held;
  for (int i = 0; i < 512; ++i) held.push_back(engine->snapshot());
  std::atomic<bool> found = false;
  std::thread last([&] { found = engine->snapshot()->get(Space::ids, "a") == "1"; });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  held.resize(100);
  last.join();
  CHECK(found);
}

TEST_CASE("one process holds a directory; others may read it") {
  tests::TemporaryDirectory directory;
  const auto engine = tests::open_engine(EngineKind::lmdb, directory.path("deep/down"));
  REQUIRE(engine->write([](Transaction& out) { out.put(Space::ids, "a", "1"); }));
  LmdbOptions options;
  options.directory = directory.path("deep/down");
  const auto second = open_lmdb(options);  // within one process too
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == model::FailureKind::unavailable);
  CHECK_THAT(tests::text(second.error()), Catch::Contains(options.directory) && Catch::Contains(std::to_string(getpid())));

  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const auto run = [&](const char* what) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("KILN_STORE_CHILD", what, 1);
      setenv("KILN_STORE_CHILD_DIRECTORY", options.directory.c_str(), 1);
      execl(program.c_str(), program.c_str(), "[.child]", static_cast<char*>(nullptr));
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  CHECK(run("open") == 0);
  CHECK(run("read") == 0);
}

// Run by the test above in a process of its own.
TEST_CASE("another process on a held directory", "[.child]") {
  const char* what = std::getenv("KILN_STORE_CHILD");
  if (what == nullptr) return;
  LmdbOptions options;
  options.directory = std::getenv("KILN_STORE_CHILD_DIRECTORY");
  options.read_only = std::string_view(what) == "read";
  const auto engine = open_lmdb(options);
  if (options.read_only) {
    REQUIRE(engine);
    CHECK((*engine)->snapshot()->get(Space::ids, "a") == "1");
    CHECK_FALSE((*engine)->write([](Transaction& out) { out.put(Space::ids, "b", "1"); }));
  } else {
    REQUIRE_FALSE(engine);
    CHECK_THAT(tests::text(engine.error()), Catch::Contains(options.directory) && Catch::Contains(std::to_string(getppid())));
  }
}

TEST_CASE("files that are no store are refused") {
  tests::TemporaryDirectory directory;
  std::ofstream(directory.path("data.mdb")) << std::string(10000, 'x');
  LmdbOptions options;
  options.directory = directory.path();
  const auto engine = open_lmdb(options);
  REQUIRE_FALSE(engine);
  CHECK_THAT(tests::text(engine.error()), Catch::Contains(options.directory));
  std::ofstream(directory.path("file")) << "x";
  options.directory = directory.path("file");
  CHECK_FALSE(open_lmdb(options));
  options.directory = directory.path("absent");
  options.read_only = true;
  CHECK_FALSE(open_lmdb(options));
  CHECK_FALSE(std::filesystem::exists(options.directory));
}

TEST_CASE("a file cut short fails, and does not crash") {
  tests::TemporaryDirectory directory;
  {
    const auto engine = tests::open_engine(EngineKind::lmdb, directory.path());
    REQUIRE(engine->write([](Transaction& out) {
      for (int i = 0; i < 500; ++i) out.append(Space::documents, std::to_string(1000 + i), std::string(3000, 'v'));
    }));
  }
  std::filesystem::resize_file(directory.path("data.mdb"), 40960);
  LmdbOptions options;
  options.directory = directory.path();
  int failed = 0;
  try {
    const auto engine = open_lmdb(options);
    if (!engine) {
      ++failed;
    } else {
      const auto snapshot = (*engine)->snapshot();
      for (int i = 0; i < 500; ++i) {
        const auto value = snapshot->get(Space::documents, std::to_string(1000 + i));
        failed += !value || *value != std::string(3000, 'v');
      }
    }
  } catch (const EngineError&) {
    ++failed;
  }
  CHECK(failed > 0);
}
