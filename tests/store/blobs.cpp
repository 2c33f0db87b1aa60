// Large content: uploads, reads, what is swept and what is kept, on both engines; damage found by the check.

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <random>

#include "store/blob_rows.h"
#include "store/compact.h"
#include "tests/store/support.h"

using namespace store;
using tests::EngineKind;

namespace {

constexpr std::size_t slice = 16 * blob_piece;

std::string content(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(bytes, ' ');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

model::Result<void> append(BlobUpload& upload, std::string_view bytes) {
  std::promise<model::Result<void>> told;
  upload.append(bytes, [&](model::Result<void> result) { told.set_value(std::move(result)); });
  return told.get_future().get();
}

// In pieces of random sizes; the first failure.
model::Result<void> append_all(BlobUpload& upload, std::string_view bytes, std::mt19937_64& random) {
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(bytes.size(), 1 + random() % 400000);
    if (auto done = append(upload, bytes.substr(0, size)); !done) return done;
    bytes.remove_prefix(size);
  }
  return {};
}

std::string read_all(const Store& store, Document document) {
  const auto blob = store.blob(document);
  std::string out;
  if (blob) store.read_blob(*blob, 0, blob->size, out);
  return out;
}

std::size_t marks(Store& store) { return marked_blobs(*store.engine().snapshot()).size(); }

// Waits until everything is swept that is to be.
void drain(Store& store) {
  for (int i = 0; i < 1000 && marks(store) > 0; ++i) {
    (void)store.begin_blob();  // what could not be swept before is tried again
    REQUIRE(store.write([](WriteContext&) -> model::Result<void> { return {}; }, Lane::bulk));
  }
  REQUIRE(marks(store) == 0);
}

// Rows of content in the engine.
std::size_t pieces(Store& store) {
  const auto snapshot = store.engine().snapshot();
  const auto cursor = snapshot->cursor(Space::blobs);
  std::size_t count = 0;
  for (bool there = cursor->seek("\x01"); there && cursor->key().front() == 1; there = cursor->next()) ++count;
  return count;
}

void check_sound(Store& store, std::size_t blobs, std::uint64_t bytes) {
  const auto report = store.check();
  for (const auto& fault : report.faults) UNSCOPED_INFO(fault);
  CHECK(report.faults.empty());
  CHECK(report.blobs == blobs);
  CHECK(report.blob_bytes == bytes);
}

Document keep(Store& store, const std::string& id, const std::string& bytes) {
  const auto upload = store.begin_blob();
  REQUIRE(append(*upload, bytes));
  auto draft = tests::draft(store, "Binary", id, "");
  draft.blob = upload->finish("note " + id);
  REQUIRE(store.write(tests::put(draft)));
  return store.last_document();
}

}  // namespace

TEST_CASE("content comes back whole and in ranges, whatever its size") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  std::mt19937_64 random(tests::random_seed("blob sizes"));
  std::map<Document, std::string> kept;
  std::uint64_t bytes = 0;
  {
    const auto store = tests::open_store(tests::open_engine(kind, directory.path()));
    std::size_t rows = 0;
    for (const std::size_t size : {std::size_t{1}, blob_piece - 1, blob_piece, blob_piece + 1, slice - 1, slice, slice + 1,
                                   3 * slice, 3 * slice + 5 * blob_piece + 7, std::size_t{random() % (4 * slice)} + 1}) {
      INFO(size);
      const auto whole = content(size, random());
      const auto upload = store->begin_blob();
      REQUIRE(append_all(*upload, whole, random));
      CHECK(upload->size() == size);
      auto draft = tests::draft(*store, "Binary", "b" + std::to_string(size), "");
      draft.blob = upload->finish("n");
      REQUIRE(store->write(tests::put(draft)));
      const auto document = store->last_document();
      REQUIRE(store->blob(document));
      CHECK(store->blob(document)->size == size);
      CHECK(store->blob(document)->note == "n");
      CHECK(read_all(*store, document) == whole);
      for (int i = 0; i < 20; ++i) {
        const auto from = random() % (size + 10), count = random() % (2 * blob_piece);
        std::string part;
        store->read_blob(*store->blob(document), from, count, part);
        CHECK(part == (from < size ? whole.substr(from, count) : ""));
      }
      rows += blob_pieces(size);
      bytes += size;
      kept[document] = whole;
    }
    drain(*store);
    CHECK(pieces(*store) == rows);
    check_sound(*store, kept.size(), bytes);
    if (kind == EngineKind::memory) REQUIRE(store->engine().backup(directory.path("copy")));
  }
  const auto again = tests::open_lmdb_store(kind == EngineKind::memory ? directory.path("copy") : directory.path());
  for (const auto& [document, whole] : kept) CHECK(read_all(*again, document) == whole);
  check_sound(*again, kept.size(), bytes);
}

TEST_CASE("random uploads, failures, deletions and restarts leave what versions have, and nothing else") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  std::mt19937_64 random(tests::random_seed("blob operations"));
  struct Content {
    std::size_t size;
    std::uint64_t seed;
  };
  std::map<Document, Content> kept;
  tests::FailingEngine* engine = nullptr;
  const auto open = [&] {
    auto failing = std::make_unique<tests::FailingEngine>(tests::open_engine(kind, directory.path()));
    engine = failing.get();
    return tests::open_store(std::move(failing));
  };
  auto store = open();
  const auto id = [&] { return "b" + std::to_string(random() % 6); };
  std::vector<std::unique_ptr<BlobUpload>> open_uploads;
  for (int round = 0; round < 150; ++round) {
    const auto what = random() % 10;
    const Content made{1 + random() % (random() % 4 == 0 ? 3 * slice : blob_piece * 2), random()};
    if (what < 6) {  // an upload and an operation, which may fail, or cannot be stored
      auto upload = store->begin_blob();
      const bool fails_early = random() % 8 == 0, fails = random() % 4 == 0, unstorable = random() % 6 == 0;
      engine->failing = fails_early;
      const bool come = append_all(*upload, content(made.size, made.seed), random).has_value();
      engine->failing = unstorable;
      if (come) {
        auto draft = tests::draft(*store, "Binary", id(), "");
        draft.blob = upload->finish({});
        Document document = 0;
        const auto written = store->write([&](WriteContext& context) -> model::Result<void> {
          document = context.put(draft).document;
          if (fails) return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, "no");
          return {};
        });
        CHECK(written.has_value() == (!fails && !unstorable));
        if (written) kept[document] = made;
      }
      engine->failing = false;
    } else if (what == 6) {  // broken off, some of them later
      auto upload = store->begin_blob();
      REQUIRE(append_all(*upload, content(made.size, made.seed), random));
      if (random() % 2 == 0) open_uploads.push_back(std::move(upload));
    } else if (what == 7) {
      REQUIRE(store->write([&](WriteContext& context) -> model::Result<void> {
        const auto target = id();
        const auto current = context.current(tests::type("Binary"), target);
        if (current && !current->deleted()) context.put(tests::removal("Binary", target));
        return {};
      }));
    } else if (what == 8 && !kept.empty()) {  // let go
      const auto chosen = std::next(kept.begin(), static_cast<std::ptrdiff_t>(random() % kept.size()))->first;
      const auto blob = *store->blob(chosen);
      std::optional<std::uint64_t> released;
      REQUIRE(store->engine().write([&](Transaction& out) { released = release_blob(out, chosen); }));
      REQUIRE(released == blob.number);
      CHECK_FALSE(store->blob(chosen));
      store->sweep_blob(*released);
      kept.erase(chosen);
    } else if (what == 9) {
      open_uploads.clear();
      drain(*store);
      std::size_t rows = 0;
      std::uint64_t bytes = 0;
      for (const auto& [document, each] : kept) {
        rows += blob_pieces(each.size);
        bytes += each.size;
      }
      CHECK(pieces(*store) == rows);
      check_sound(*store, kept.size(), bytes);
      if (kind == EngineKind::lmdb && random() % 2 == 0) {
        store.reset();
        store = open();
      }
    }
  }
  open_uploads.clear();
  for (const auto& [document, each] : kept) CHECK(read_all(*store, document) == content(each.size, each.seed));
}

TEST_CASE("a store says that it has blobs only when it has, and what a stop left of uploads goes at the next start") {
  tests::TemporaryDirectory directory;
  const auto format = [](Store& store) { return std::string(*store.engine().snapshot()->get(Space::meta, "format")); };
  {
    const auto store = tests::open_lmdb_store(directory.path());
    REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p", "x"))));
    CHECK(format(*store) == "\x02");
  }
  {
    const auto store = tests::open_lmdb_store(directory.path());
    CHECK(format(*store) == "\x02");
    keep(*store, "kept", content(2 * slice, 1));
    CHECK(format(*store) == "\x03");
    // As a crash leaves it: pieces and their mark.
    REQUIRE(store->engine().write([](Transaction& out) {
      mark_blob(out, 77);
      for (std::uint64_t i = 0; i < 600; ++i) put_piece(out, 77, i, "piece");
    }));
  }
  const auto store = tests::open_lmdb_store(directory.path());
  drain(*store);
  CHECK(pieces(*store) == 32);
  check_sound(*store, 1, 2 * slice);
  keep(*store, "next", content(slice, 2));
  CHECK(store->blob(store->last_document())->number > 77);
}

TEST_CASE("a patch of the body does not lose the content beside it") {
  tests::TemporaryDirectory directory;
  const auto store = tests::open_lmdb_store(directory.path());
  const auto document = keep(*store, "a", content(1000, 1));
  CHECK_FALSE(store->write(tests::put(tests::draft(*store, "Binary", "a", "patched", Method::patch))));
  CHECK(store->last_document() == document);
  REQUIRE(store->write(tests::put(tests::draft(*store, "Binary", "a", "put", Method::put))));
  REQUIRE(store->write(tests::put(tests::draft(*store, "Binary", "a", "patched", Method::patch))));
  CHECK(read_all(*store, document) == content(1000, 1));
}

TEST_CASE("damaged, missing and stray content is found, by who reads it and by the check") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const auto store = tests::open_store(tests::open_engine(kind, directory.path()));
  const auto document = keep(*store, "a", content(3 * blob_piece, 1));
  const auto other = keep(*store, "b", content(3 * blob_piece, 2));
  drain(*store);
  const auto blob = *store->blob(document), second = *store->blob(other);
  const auto key = [](std::uint64_t number, char index) {
    return std::string("\x01\0\0\0\0\0\0\0", 8) + static_cast<char>(number) + std::string("\0\0\0", 3) + index;
  };
  struct Row {
    const char* what;
    std::function<void(Transaction&)> damage;
    const char* fault;
    bool read_fails;
  };
  const std::vector<Row> rows = {
      {"a bit",
       [&](Transaction& out) {
         std::string value(*out.get(Space::blobs, key(blob.number, 1)));
         value[40] = static_cast<char>(value[40] ^ 1);
         out.put(Space::blobs, key(blob.number, 1), value);
       },
       "is damaged", true},
      {"a piece of another",
       [&](Transaction& out) {
         const std::string value(*out.get(Space::blobs, key(second.number, 1)));
         out.put(Space::blobs, key(blob.number, 1), value);
       },
       "is damaged", true},
      {"missing", [&](Transaction& out) { out.erase(Space::blobs, key(blob.number, 2)); }, "is missing", true},
      {"too many", [&](Transaction& out) { put_piece(out, blob.number, 3, "more"); }, "more pieces", false},
      {"stray", [](Transaction& out) { put_piece(out, 99, 0, "stray"); }, "belongs to nothing", false},
      {"of no version",
       [&](Transaction& out) {
         put_blob(out, 50, BlobDraft{Blob{60, 5, ""}, "abcde"});
       },
       "belongs to no version", false},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    std::map<std::string, std::string> before;
    {
      const auto snapshot = store->engine().snapshot();
      const auto cursor = snapshot->cursor(Space::blobs);
      for (bool there = cursor->seek(""); there; there = cursor->next()) before.emplace(cursor->key(), cursor->value());
    }
    REQUIRE(store->engine().write(row.damage));
    const auto report = store->check();
    REQUIRE(report.faults.size() == 1);
    CHECK(report.faults.front().find(row.fault) != std::string::npos);
    if (row.read_fails) CHECK_THROWS_AS(read_all(*store, document), EngineError);
    REQUIRE(store->engine().write([&](Transaction& out) {
      std::vector<std::string> keys;
      {
        const auto cursor = out.cursor(Space::blobs);
        for (bool there = cursor->seek(""); there; there = cursor->next()) keys.emplace_back(cursor->key());
      }
      for (const auto& each : keys) out.erase(Space::blobs, each);
      for (const auto& [each, value] : before) out.put(Space::blobs, each, value);
    }));
    check_sound(*store, 2, 6 * blob_piece);
  }
}

TEST_CASE("an upload takes a bounded part of each commit, and small writes go between its slices") {
  tests::TemporaryDirectory directory;
  auto failing = std::make_unique<tests::FailingEngine>(tests::open_engine(EngineKind::lmdb, directory.path()));
  auto* engine = failing.get();
  const auto store = tests::open_store(std::move(failing));
  const auto upload = store->begin_blob();
  const auto bytes = content(20 * slice, 1);
  const int before = engine->commits;
  // A slice is not asked for before the one before is on disk: a small write never waits for more than one.
  for (int i = 0; i < 20; ++i) {
    REQUIRE(append(*upload, std::string_view(bytes).substr(static_cast<std::size_t>(i) * slice, slice)));
    CHECK(engine->commits == before + 2 * i + 1);
    REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "p" + std::to_string(i), "x"))));
  }
}

TEST_CASE("content of an erased version is swept, and no copy takes it along") {
  const auto kind = GENERATE(EngineKind::memory, EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  auto store = tests::open_store(tests::open_engine(kind, directory.path("old")));
  const auto secret = content(3 * slice + 17, 1), open = content(slice + 5, 2);
  const auto gone = keep(*store, "gone", secret), kept = keep(*store, "kept", open);
  REQUIRE(store->erase({tests::type("Binary"), "gone", Erasure::Extent::all, 0}));
  CHECK_FALSE(store->blob(gone));
  CHECK(read_all(*store, kept) == open);
  // Even what is still to be swept stays behind.
  auto target = tests::open_engine(kind, directory.path("new"));
  REQUIRE(rewrite(store->engine(), *target, {}));
  const auto again = tests::open_store(std::move(target));
  CHECK(pieces(*again) == blob_pieces(open.size()));
  CHECK(marks(*again) == 0);
  CHECK(read_all(*again, kept) == open);
  check_sound(*again, 1, open.size());
  drain(*store);
  CHECK(pieces(*store) == blob_pieces(open.size()));
  check_sound(*store, 1, open.size());
}
