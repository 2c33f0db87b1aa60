// A store that is only a list of versions, and documents with random terms, for the tests of the index.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "search/index.h"
#include "search/segment_keys.h"
#include "store/store.h"

namespace index_test {

using search::Document;
using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t bound) {
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
}

// A directory of its own, removed in the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Change {
  model::TypeId type = model::no_type;
  std::string id;
  bool remove = false;
  std::shared_ptr<const search::DocumentTerms> terms;
};

// A body is its terms written out, so that extraction is reading them back.
std::string body_of(const search::DocumentTerms* terms);
std::shared_ptr<const search::DocumentTerms> terms_of(const store::Version& version, std::string_view body, store::Hole);

// Versions in a vector; with a path also in a log that outlives the process. Thread-safe for what an index asks.
class FakeStore : public store::Store {
 public:
  explicit FakeStore(std::string log = {});
  ~FakeStore() override;
  // Writes a group as the writer would: stage each, keep, publish. Returns the newest document.
  Document commit(const std::vector<Change>& changes);
  void abandon(const std::vector<Change>& changes);
  // Erases documents as the writer would.
  void erase_documents(const std::vector<Document>& documents);
  bool refuse_meta = false;  // put_meta fails, as on a full disk

  void listen(store::IndexListener* listener) override { listener_ = listener; }
  std::optional<store::Version> at(Document document) const override;
  std::optional<store::Version> as_of(model::TypeId type, std::string_view id, Document document) const override;
  void scan(Document first,
            const std::function<bool(const store::Version&, std::string_view, store::Hole)>& visit) const override;
  Document last_document() const override;
  std::optional<std::string> meta(std::string_view name) const override;
  model::Result<void> put_meta(std::string_view name, std::string_view value) override;

  // What an index never asks.
  void submit(store::Operation, store::Lane, store::Completion) override { std::abort(); }
  std::string pack(std::string_view body) const override { return std::string(body); }
  std::optional<store::Version> current(model::TypeId, std::string_view) const override { std::abort(); }
  std::optional<store::Version> version(model::TypeId, std::string_view, std::uint64_t) const override { std::abort(); }
  std::vector<store::Version> history(model::TypeId, std::string_view, Document, std::size_t) const override { std::abort(); }
  std::vector<store::Version> history_after(model::TypeId, std::string_view, Document, std::size_t) const override {
    std::abort();
  }
  std::uint64_t count_history(model::TypeId, std::string_view, Document, Document) const override { std::abort(); }
  std::vector<store::Version> documents(Document, Document, std::span<const model::TypeId>, store::Order,
                                        std::size_t) const override {
    std::abort();
  }
  std::uint64_t count_documents(Document, Document, std::span<const model::TypeId>) const override { std::abort(); }
  std::vector<store::Version> by_id(model::TypeId, std::string_view, bool, std::size_t) const override { std::abort(); }
  store::Commit last_commit() const override { return last_document(); }
  Document first_since(std::int64_t) const override { std::abort(); }
  Document first_after(store::Commit) const override { std::abort(); }
  std::shared_ptr<void> observe(std::function<void()>) override { std::abort(); }
  std::optional<std::string> find_reply(std::string_view) const override { std::abort(); }
  std::unique_ptr<store::BlobUpload> begin_blob() override { std::abort(); }
  std::optional<store::Blob> blob(Document) const override { std::abort(); }
  void read_blob(const store::Blob&, std::uint64_t, std::size_t, std::string&) const override { std::abort(); }
  void sweep_blob(std::uint64_t) override { std::abort(); }
  std::optional<Rendered> render(Document) const override { std::abort(); }
  Rendered rendered(const store::Stored&) const override { std::abort(); }
  std::optional<Rendered> read(model::TypeId, std::string_view) const override { std::abort(); }
  std::optional<Rendered> cached(model::TypeId, std::string_view) const override { std::abort(); }
  store::Engine& engine() override { std::abort(); }
  std::vector<Document> erased() const override;
  Document replaced_by(Document document) const override;
  bool revives(const store::Version&) const override { std::abort(); }
  void erase(store::Erasure, store::Completion) override { std::abort(); }
  CheckReport check() const override { return {}; }

 private:
  struct Kept {
    store::Version version;
    std::string body;
  };
  store::Version number(const Change& change, Document document) const;
  void keep(Kept kept);
  void replay();
  void log(char kind, const std::string& record);

  mutable std::mutex mutex_;
  std::vector<Kept> documents_;
  std::map<std::pair<model::TypeId, std::string>, std::vector<Document>> versions_;
  std::map<std::string, std::string, std::less<>> meta_;
  std::set<Document> erased_;
  store::IndexListener* listener_ = nullptr;
  int log_ = -1;
};

std::unique_ptr<search::Index> open_index(FakeStore& store, const std::string& directory, std::uint32_t flush_documents = 500);

// What is known of all documents, the simple way.
struct Oracle {
  struct Entry {
    model::TypeId type = model::no_type;
    bool deleted = false;
    bool erased = false;
    Document superseded_by = 0;
    std::shared_ptr<const search::DocumentTerms> terms;
  };
  std::vector<Entry> documents{1};  // from 1
  void add(const store::Version& version, std::shared_ptr<const search::DocumentTerms> terms);
  static Oracle of(const FakeStore& store);
  Document last() const { return documents.size() - 1; }
  bool alive(Document document, Document moment) const;
  std::set<std::string> terms(Document document, search::IndexKey key) const;
  std::vector<search::IndexKey> keys() const;
};

// Documents of a few types and parameters: codes of few values, identifiers of their own, dates that grow, lists of several.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random(seed) {}
  std::vector<Change> group(std::size_t size);
  std::shared_ptr<const search::DocumentTerms> terms(model::TypeId type);
  Random random;
  std::uint64_t ids = 0;  // of the resources made so far, all types

 private:
  std::map<std::uint64_t, model::TypeId> types_;
  std::uint64_t counter_ = 0;
};

// Compares all that a view answers with the oracle, for so many random questions.
void compare(const search::View& view, const Oracle& oracle, Random& random, int questions);

}  // namespace index_test
