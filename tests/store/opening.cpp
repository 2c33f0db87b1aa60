// Opening what was written, elsewhere or by others: formats, damage, backups, beside a running server.

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "store/record.h"
#include "store/type_chain.h"
#include "tests/store/support.h"

using namespace store;

namespace {

std::string open_error(std::unique_ptr<Engine> engine) {
  const auto store = Store::open(std::move(engine), model::r4());
  return store ? "it opened" : tests::text(store.error());
}

std::string document_bytes(const Engine& engine, Document document) {
  const auto key = document_key(document);
  return std::string(*engine.snapshot()->get(Space::documents, view(key)));
}

void put_document(Engine& engine, Document document, const std::string& bytes) {
  const auto key = document_key(document);
  REQUIRE(engine.write([&](Transaction& out) { out.put(Space::documents, view(key), bytes); }));
}

// Changes a record in a way that its checksum does not notice.
void rewrite(Engine& engine, Document document,
             const std::function<void(Header&, std::string& id, std::string& packed)>& change) {
  const std::string bytes = document_bytes(engine, document);
  Record record;
  REQUIRE(decode_record(document, bytes, record));
  std::string id(record.id), packed(record.packed);
  Header header = record.header;
  change(header, id, packed);
  put_document(engine, document, encode_record(header, id, packed));
}

// Four resources, nine versions, one delete.
std::unique_ptr<Store> small_store(std::unique_ptr<Engine> engine) {
  auto store = tests::open_store(std::move(engine));
  for (int round = 0; round < 2; ++round) {
    for (const char* id : {"a", "b", "c", "d"}) {
      REQUIRE(
          store->write(tests::put(tests::draft(*store, round == 0 ? "Patient" : "Patient", id, "text" + std::to_string(round)))));
    }
  }
  REQUIRE(store->write(tests::put(tests::removal("Patient", "d"))));
  return store;
}

std::string patient_key(std::string_view id) { return resource_key(1, id); }

}  // namespace

TEST_CASE("a store of a newer format, of no format or without its root is refused") {
  struct Row {
    const char* what;
    std::function<void(Transaction&)> change;
    const char* says;
  };
  const std::vector<Row> rows = {
      {"newer", [](Transaction& out) { out.put(Space::meta, "format", "\x09"); }, "format 9"},
      {"unreadable format", [](Transaction& out) { out.put(Space::meta, "format", "\xff"); }, "damaged"},
      {"no format", [](Transaction& out) { out.erase(Space::meta, "format"); }, "does not say its format"},
      {"no types", [](Transaction& out) { out.erase(Space::meta, "types"); }, "damaged"},
      {"broken types", [](Transaction& out) { out.put(Space::meta, "types", "Patient"); }, "its types"},
      {"broken heads", [](Transaction& out) { out.put(Space::meta, "heads", "\xff\xff"); }, "damaged"},
      {"heads without counts", [](Transaction& out) { out.erase(Space::meta, "counts"); }, "damaged"},
      {"heads ahead of the documents",
       [](Transaction& out) { out.put(Space::meta, "heads", "\x7f"), out.put(Space::meta, "counts", "\x7f"); }, "do not agree"},
      {"a damaged newest document",
       [](Transaction& out) {
         const auto key = document_key(9);
         out.put(Space::documents, view(key), "nothing");
       },
       "document 9 is damaged"},
      {"a document missing near the end",
       [](Transaction& out) {
         const auto key = document_key(8);
         out.erase(Space::documents, view(key));
       },
       "document 8 is missing"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    tests::TemporaryDirectory directory;
    small_store(tests::open_engine(tests::EngineKind::lmdb, directory.path())).reset();
    auto engine = tests::open_engine(tests::EngineKind::lmdb, directory.path());
    REQUIRE(engine->write(row.change));
    const std::string error = open_error(std::move(engine));
    CHECK_THAT(error, Catch::Contains(row.says) && Catch::Contains(directory.path()));
  }
}

TEST_CASE("check finds damage, wherever it is planted") {
  struct Row {
    const char* what;
    std::function<void(Engine&)> damage;
    const char* says;
  };
  const auto change_document = [](Document document, const std::function<void(Header&, std::string&, std::string&)>& change) {
    return [=](Engine& engine) { rewrite(engine, document, change); };
  };
  const auto change_id = [](std::string_view id, Newest newest) {
    return [=](Engine& engine) {
      REQUIRE(engine.write([&](Transaction& out) { out.put(Space::ids, patient_key(id), encode_newest(newest)); }));
    };
  };
  const std::vector<Row> rows = {
      {"none", [](Engine&) {}, nullptr},
      {"a flipped bit",
       [](Engine& engine) {
         std::string bytes = document_bytes(engine, 3);
         bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
         put_document(engine, 3, bytes);
       },
       "document 3 is damaged"},
      {"a lost document",
       [](Engine& engine) {
         const auto key = document_key(2);
         REQUIRE(engine.write([&](Transaction& out) { out.erase(Space::documents, view(key)); }));
       },
       "document 2 is missing"},
      {"a body that does not unpack",
       change_document(4, [](Header&, std::string&, std::string& packed) { packed = "\x01nonsense"; }), "body does not unpack"},
      {"a dictionary that is not there", change_document(4, [](Header&, std::string&, std::string& packed) { packed[0] = 7; }),
       "body does not unpack"},
      {"a body that is no object",
       change_document(4, [](Header&, std::string&, std::string& packed) { packed = std::string(1, '\0') + "[]"; }),
       "no JSON object"},
      {"a hole outside the body",
       change_document(4, [](Header& header, std::string&, std::string&) { header.hole.offset = 1000; }), "outside its body"},
      {"a delete with a body",
       change_document(9, [](Header&, std::string&, std::string& packed) { packed = std::string(1, '\0') + "{}"; }),
       "a delete with a body"},
      {"a wrong predecessor", change_document(6, [](Header& header, std::string&, std::string&) { header.previous = 1; }),
       "the version before it"},
      {"a wrong jump", change_document(9, [](Header& header, std::string&, std::string&) { header.jump = 5; }), "its jump"},
      {"a wrong chain of the type",
       change_document(6, [](Header& header, std::string&, std::string&) { header.type_previous = 1; }), "of its type"},
      {"a wrong version number", change_document(5, [](Header& header, std::string&, std::string&) { header.version = 7; }),
       "document 5"},
      {"a commit out of order", change_document(5, [](Header& header, std::string&, std::string&) { header.commit = 3; }),
       "its commit"},
      {"a time that falls", change_document(5, [](Header& header, std::string&, std::string&) { header.last_updated = 5; }),
       "last updated before"},
      {"another resource's document", change_document(5, [](Header&, std::string& id, std::string&) { id = "x"; }),
       "resource 1/a"},
      {"an id that points nowhere", change_id("a", {77, 2, Method::put}), "resource 1/a"},
      {"an id that points at an old version", change_id("a", {1, 1, Method::put}), "versions"},
      {"an id that says another method", change_id("a", {5, 2, Method::remove}), "resource 1/a"},
      {"an id that does not read",
       [](Engine& engine) { REQUIRE(engine.write([](Transaction& out) { out.put(Space::ids, patient_key("a"), "\xff"); })); },
       "resource 1/a"},
      {"a mark that is not due",
       [](Engine& engine) { REQUIRE(engine.write([](Transaction& out) {
                              put_mark(out, {1, 3, 64});
                            })); }, "marks"},
      {"a lost id",
       [](Engine& engine) { REQUIRE(engine.write([](Transaction& out) { out.erase(Space::ids, patient_key("c")); })); },
       "versions"},
  };
  for (const Row& row : rows) {
    for (const auto kind : {tests::EngineKind::memory, tests::EngineKind::lmdb}) {
      INFO(row.what);
      tests::TemporaryDirectory directory;
      const auto store = small_store(tests::open_engine(kind, directory.path()));
      row.damage(store->engine());
      const auto report = store->check();
      std::string all;
      for (const std::string& fault : report.faults) all += fault + "; ";
      if (row.says == nullptr) {
        CHECK(all.empty());
        CHECK(report.documents == 9);
        CHECK(report.resources == 4);
        CHECK(report.deleted == 1);
      } else {
        CHECK_THAT(all, Catch::Contains(row.says));
      }
    }
  }
}

TEST_CASE("reading what is damaged throws, and answers nothing wrong") {
  const auto store = small_store(make_memory_engine());
  std::string bytes = document_bytes(store->engine(), 5);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put_document(store->engine(), 5, bytes);
  const auto patient = tests::type("Patient");
  CHECK_THROWS_AS(store->current(patient, "a"), EngineError);
  CHECK_THROWS_AS(store->read(patient, "a"), EngineError);
  CHECK_THROWS_AS(store->render(5), EngineError);
  CHECK_THROWS_AS(store->scan(1, [](const Version&, std::string_view, Hole) { return true; }), EngineError);
  CHECK(store->read(patient, "b"));
  // Writing on top of it is refused, and its neighbours are not.
  CHECK_FALSE(store->write(tests::put(tests::draft(*store, "Patient", "a", "x"))));
  CHECK(store->write(tests::put(tests::draft(*store, "Patient", "b", "x"))));
}

TEST_CASE("a backup taken during writes is a consistent store of its own") {
  const auto kind = GENERATE(tests::EngineKind::memory, tests::EngineKind::lmdb);
  tests::TemporaryDirectory directory;
  const auto store = tests::open_store(tests::open_engine(kind, directory.path("store")));
  std::atomic<int> written = 0, refused = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i](const std::stop_token& stop) {
      for (int n = 0; !stop.stop_requested(); ++n) {
        const auto left =
            tests::draft(*store, "Patient", "l" + std::to_string(i) + "-" + std::to_string(n % 20), std::string(500, 'l'));
        const auto right =
            tests::draft(*store, "Basic", "r" + std::to_string(i) + "-" + std::to_string(n), std::string(500, 'r'));
        // No assertions here: Catch's are for one thread.
        const auto result = store->write([&](WriteContext& context) -> model::Result<void> {
          context.put(left);
          context.put(right);
          return {};
        });
        ++(result ? written : refused);
      }
    });
  }
  for (int i = 0; i < 3; ++i) {
    while (written < 100 * (i + 1) && refused == 0) std::this_thread::yield();
    const Document before = store->last_document();
    const std::string target = directory.path("backup" + std::to_string(i));
    REQUIRE(store->engine().backup(target));
    const Document after = store->last_document();
    const auto copy = tests::open_lmdb_store(target);
    const auto report = copy->check();
    CHECK(report.faults.empty());
    CHECK(report.documents >= before);
    CHECK(report.documents <= after + 8192);
    CHECK(report.documents % 2 == 0);
    CHECK(copy->write(tests::put(tests::draft(*copy, "Patient", "own", "x"))));
    CHECK_FALSE(store->current(tests::type("Patient"), "own"));
    const auto again = store->engine().backup(target);
    REQUIRE_FALSE(again);
    CHECK_THAT(tests::text(again.error()), Catch::Contains(target));
  }
  threads.clear();
  CHECK(refused == 0);
}

TEST_CASE("a store is read, checked and copied beside the process that writes it, also when it grows") {
  tests::TemporaryDirectory directory;
  LmdbOptions writing;
  writing.directory = directory.path("store");
  writing.initial_map_bytes = 256u << 10;
  const auto store = tests::open_store(*open_lmdb(writing));
  REQUIRE(store->write(tests::put(tests::draft(*store, "Patient", "a", "x"))));
  // LMDB may be opened once in a process, so the other one is a child: see engines.cpp for the lock. Here the engine itself
  // copies.
  for (int i = 0; i < 300; ++i) {
    Draft draft = tests::draft(*store, "Patient", "p" + std::to_string(i), "x");
    draft.body = std::string(1, '\0') + tests::stored_body("Patient", draft.id, std::string(5000, 'x'));
    REQUIRE(store->write(tests::put(draft)));
  }
  REQUIRE(store->engine().backup(directory.path("copy")));
  LmdbOptions reading;
  reading.directory = directory.path("copy");
  reading.read_only = true;
  const auto copy = tests::open_store(*open_lmdb(reading));
  CHECK(copy->last_document() == 301);
  CHECK(copy->check().faults.empty());
  const auto refused = copy->write(tests::put(tests::draft(*copy, "Patient", "b", "x")));
  REQUIRE_FALSE(refused);
  CHECK_THAT(tests::text(refused.error()), Catch::Contains("reading only"));
}

TEST_CASE("types keep their numbers when a schema numbers them anew") {
  tests::TemporaryDirectory directory;
  {
    const auto store = tests::open_lmdb_store(directory.path());
    for (const char* name : {"Patient", "Observation", "Basic"}) {
      REQUIRE(store->write(tests::put(tests::draft(*store, name, "a", name))));
    }
  }
  // The same types in another order, one missing.
  model::Schema other;
  other.pool = "ObservationBasicElementPatientX";
  std::vector<model::TypeRow> types(3);
  types[0].name = {11, 5};  // Basic
  types[1].name = {16, 7};  // Element
  types[2].name = {0, 11};  // Observation
  other.types = types;
  const auto store = Store::open(tests::open_engine(tests::EngineKind::lmdb, directory.path()), other);
  REQUIRE(store);
  CHECK((*store)->current(2, "a")->document == 2);
  CHECK((*store)->current(0, "a")->document == 3);
  CHECK_FALSE((*store)->current(1, "a"));
  CHECK((*store)->at(1)->type == model::no_type);
  CHECK((*store)->check().faults.empty());
}
