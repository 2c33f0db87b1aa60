// A device that fails at every call in turn: nothing acknowledged is lost, nothing refused appears, reads go on, writes come
// back.

#include <cerrno>

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/store/device.h"
#include "tests/store/support.h"

using namespace store;
using tests::Fault;

namespace {

struct Row {
  const char* what;
  int error;
  Fault fault;
  bool syncs_only;
  int times;  // 1: a hiccup; many: until mended
  model::FailureKind kind;
};
constexpr int many = 1000000;
const Row rows[] = {
    {"the disk is full", ENOSPC, Fault::refused, false, many, model::FailureKind::no_space},
    {"the quota is used up", EDQUOT, Fault::refused, false, 1, model::FailureKind::no_space},
    {"one call fails", EIO, Fault::refused, false, 1, model::FailureKind::internal},
    {"the device is gone for a while", EIO, Fault::refused, false, many, model::FailureKind::internal},
    {"a sync fails once", EIO, Fault::refused, true, 1, model::FailureKind::internal},
    {"syncs fail", EIO, Fault::refused, true, many, model::FailureKind::internal},
    {"a write works and says that it failed", EIO, Fault::hidden, false, 1, model::FailureKind::internal},
    {"a write is cut in half", ENOSPC, Fault::partial, false, 1, {}},
};

}  // namespace

TEST_CASE("a failing device refuses writes, and loses nothing that was acknowledged") {
  for (const Row& row : rows) {
    for (int after = 0; after < 9; ++after) {
      INFO(row.what << ", from call " << after);
      tests::TemporaryDirectory directory;
      std::map<std::string, std::string> acknowledged;  // id -> text
      std::set<std::string> refused;
      const auto write = [&](Store& store, const std::string& id, const std::string& text) {
        const auto result = store.write(tests::put(tests::draft(store, "Patient", id, text)));
        if (result) {
          acknowledged[id] = text;
          refused.erase(id);
        } else if (!acknowledged.contains(id)) {
          refused.insert(id);
        }
        return result;
      };
      const auto compare = [&](const Store& store) {
        for (const auto& [id, text] : acknowledged) {
          const auto found = store.read(tests::type("Patient"), id);
          REQUIRE(found);
          REQUIRE(*found->body == tests::sent_body("Patient", id, text, found->version));
        }
        for (const std::string& id : refused) REQUIRE_FALSE(store.current(tests::type("Patient"), id));
        REQUIRE(store.last_document() == acknowledged.size());
      };
      auto store = tests::open_lmdb_store(directory.path());
      for (int i = 0; i < 30; ++i) REQUIRE(write(*store, "before" + std::to_string(i), std::string(200, 'b')));
      const int calls = tests::device_calls();
      tests::fail_device(after, row.times, row.error, row.fault, row.syncs_only);
      int failed = 0;
      for (int i = 0; i < 5; ++i) {
        const auto result = write(*store, "during" + std::to_string(i), std::string(3000, 'd'));
        if (!result) {
          ++failed;
          CHECK((result.error().kind == row.kind || row.fault == Fault::partial));
        }
        compare(*store);
      }
      REQUIRE(tests::device_calls() > calls);  // LMDB's calls do come by
      // Five writes are 20 calls or so, 5 of them syncs.
      if (row.times == many && !(row.syncs_only && after >= 5)) CHECK(failed >= 1);
      tests::mend_device();
      const auto later = write(*store, "later", "l");
      CHECK(later);
      compare(*store);
      CHECK(store->check().faults.empty());
      store.reset();
      store = tests::open_lmdb_store(directory.path());
      compare(*store);
      CHECK(store->check().faults.empty());
      REQUIRE(write(*store, "last", "l"));
    }
  }
}

TEST_CASE("a device that fails while a store is made leaves nothing that cannot be opened later") {
  for (int after = 0; after < 10; ++after) {
    INFO("from call " << after);
    tests::TemporaryDirectory directory;
    tests::fail_device(after, many, ENOSPC);
    {
      LmdbOptions options;
      options.directory = directory.path();
      auto engine = open_lmdb(options);
      if (engine) {
        auto store = Store::open(std::move(*engine), model::r4());
        if (store) CHECK_FALSE((*store)->write(tests::put(tests::draft(**store, "Patient", "a", std::string(5000, 'a')))));
      }
    }
    tests::mend_device();
    const auto store = tests::open_lmdb_store(directory.path());
    CHECK(store->write(tests::put(tests::draft(*store, "Patient", "a", "a"))));
    CHECK(store->check().faults.empty());
  }
}
