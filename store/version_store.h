// VersionStore: the Store over an Engine. Single versions are read in version_store.cpp, ranges of them in ranges.cpp, everything
// in check.cpp; writer.h has the other side.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/blob_keeper.h"
#include "store/body_cache.h"
#include "store/erased.h"
#include "store/observers.h"
#include "store/packer.h"
#include "store/record.h"
#include "store/store.h"
#include "store/trainer.h"
#include "store/type_chain.h"
#include "store/type_numbers.h"
#include "store/writer.h"

namespace store {

class VersionStore final : public Store {
 public:
  VersionStore(std::unique_ptr<Engine> engine, const model::Schema& schema, const StoreOptions& options);
  ~VersionStore() override;
  model::Result<void> load();  // first of all, once

  void listen(IndexListener* listener) override { writer_->listen(listener); }
  void submit(Operation operation, Lane lane, Completion done) override {
    writer_->submit(std::move(operation), lane, std::move(done));
  }
  void erase(Erasure what, Completion done) override {
    writer_->erase(
        std::move(what), [this](std::uint64_t blob) { blobs_->sweep(blob); }, std::move(done));
  }
  std::vector<Document> erased() const override { return erased_.all(); }
  Document replaced_by(Document document) const override;
  std::string pack(std::string_view body) const override { return packer_.pack(body); }

  std::optional<Version> current(model::TypeId type, std::string_view id) const override;
  std::optional<Version> version(model::TypeId type, std::string_view id, std::uint64_t number) const override;
  std::optional<Version> at(Document document) const override;
  bool revives(const Version& version) const override;
  std::optional<Version> as_of(model::TypeId type, std::string_view id, Document document) const override;
  std::vector<Version> history(model::TypeId type, std::string_view id, Document before, std::size_t limit) const override;
  std::vector<Version> history_after(model::TypeId type, std::string_view id, Document after, std::size_t limit) const override;
  std::uint64_t count_history(model::TypeId type, std::string_view id, Document first, Document end) const override;
  std::vector<Version> documents(Document first, Document end, std::span<const model::TypeId> types, Order order,
                                 std::size_t limit) const override;
  std::uint64_t count_documents(Document first, Document end, std::span<const model::TypeId> types) const override;
  std::vector<Version> by_id(model::TypeId type, std::string_view from, bool descending, std::size_t limit) const override;
  void scan(Document first, const std::function<bool(const Version&, std::string_view, Hole)>& visit) const override;
  Document last_document() const override { return published_.document.load(std::memory_order_acquire); }
  Commit last_commit() const override { return published_.commit.load(std::memory_order_acquire); }
  Document first_since(std::int64_t milliseconds) const override;
  Document first_after(Commit commit) const override;
  std::shared_ptr<void> observe(std::function<void()> committed) override { return observers_.add(std::move(committed)); }
  std::optional<std::string> find_reply(std::string_view key) const override;

  std::optional<Rendered> render(Document document) const override;
  Rendered rendered(const Stored& stored) const override;
  std::optional<Rendered> read(model::TypeId type, std::string_view id) const override;
  std::optional<Rendered> cached(model::TypeId type, std::string_view id) const override { return cache_.find(type, id); }

  std::optional<std::string> meta(std::string_view name) const override;
  model::Result<void> put_meta(std::string_view name, std::string_view value) override;
  std::unique_ptr<BlobUpload> begin_blob() override { return blobs_->begin(); }
  std::optional<Blob> blob(Document document) const override;
  void read_blob(const Blob& blob, std::uint64_t offset, std::size_t bytes, std::string& out) const override;
  void sweep_blob(std::uint64_t number) override { blobs_->sweep(number); }
  Engine& engine() override { return *engine_; }
  CheckReport check() const override;

 private:
  // The newest record of a resource whose document is not above `moment`, perhaps an erased one. False if there is none.
  bool find_as_of(const Snapshot& snapshot, TypeNumber number, std::string_view id, Document moment, Record& out) const;
  // Down a chain to a version of that number or, if it is not there, to the one after it. False if the chain is broken.
  static bool descend_to(const Snapshot& snapshot, std::uint64_t number, Record& record);
  // Down a chain of versions, from `record` to its newest not above `moment`, in O(log versions).
  static bool descend(const Snapshot& snapshot, Document moment, Record& record);
  // The version of a record; nullopt if it is erased.
  std::optional<Version> left(const Record& record) const {
    if (record.header.erased) return std::nullopt;
    return to_version(record);
  }
  Version to_version(const Record& record) const {
    return make_version(record.header, types_.type(record.header.type), record.id);
  }
  Rendered render(Version version, std::string_view packed, const Hole& hole) const;
  Rendered render(const Record& record) const;
  // The first document whose header satisfies `reached`, which holds from some document on.
  static Document first_where(const Snapshot& snapshot, Document end, const std::function<bool(const Header&)>& reached);
  // The numbers of the types that the store has versions of, each once.
  std::vector<TypeNumber> numbers_of(std::span<const model::TypeId> types) const;
  bool adopt(const std::string& dictionary);

  std::unique_ptr<Engine> engine_;
  const StoreOptions options_;
  Packer packer_;
  mutable BodyCache cache_;
  TypeNumbers types_;
  ErasedDocuments erased_;
  Published published_;
  Observers observers_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<BlobKeeper> blobs_;  // goes after the writer, which calls it
  std::unique_ptr<Writer> writer_;
};

}  // namespace store
