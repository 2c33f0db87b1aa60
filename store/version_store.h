// VersionStore: the Store over an Engine. Reads in version_store.cpp, the writer in writer.cpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "store/body_cache.h"
#include "store/packer.h"
#include "store/record.h"
#include "store/store.h"
#include "store/type_numbers.h"

namespace store {

class VersionStore final : public Store {
 public:
  VersionStore(std::unique_ptr<Engine> engine, const model::Schema& schema, const StoreOptions& options);
  ~VersionStore() override;
  model::Result<void> load();

  void listen(IndexListener* listener) override { listener_.store(listener); }
  void submit(Operation operation, Lane lane, Completion done) override;
  std::string pack(std::string_view body) const override { return packer_.pack(body); }

  std::optional<Version> current(model::TypeId type, std::string_view id) const override;
  std::optional<Version> version(model::TypeId type, std::string_view id, std::uint64_t number) const override;
  std::optional<Version> at(Document document) const override;
  std::optional<Version> as_of(model::TypeId type, std::string_view id, Document document) const override;
  std::vector<Version> history(model::TypeId type, std::string_view id, Document before, std::size_t limit) const override;
  std::vector<Version> documents_before(Document before, Document least, model::TypeId type, std::size_t limit) const override;
  std::vector<Version> by_id(model::TypeId type, std::string_view from, bool descending, std::size_t limit) const override;
  void scan(Document first, const std::function<bool(const Version&, std::string_view, Hole)>& visit) const override;
  Document last_document() const override { return published_.load(std::memory_order_acquire); }
  Commit last_commit() const override { return published_commit_.load(std::memory_order_acquire); }
  Document first_since(std::int64_t milliseconds) const override;
  std::optional<Rendered> render(Document document) const override;
  std::optional<Rendered> read(model::TypeId type, std::string_view id) const override;
  std::optional<Rendered> cached(model::TypeId type, std::string_view id) const override { return cache_.find(type, id); }
  std::optional<std::string> meta(std::string_view name) const override;
  model::Result<void> put_meta(std::string_view name, std::string_view value) override;
  Engine& engine() override { return *engine_; }
  CheckReport check() const override;

 private:
  friend class OperationContext;
  struct Queued {
    Operation operation;
    Completion done;
    model::Result<Commit> result{Commit{0}};
  };
  // One version of the group being written, and what goes to disk for it.
  struct Pending {
    Version version;
    std::shared_ptr<const IndexEntry> index;
    std::string key;     // in ids
    std::string record;  // the value in documents
    std::string newest;  // the value in ids
  };
  struct Group {
    std::vector<Pending> puts;
    std::unordered_map<std::string, std::size_t> newest;  // key in ids -> position in puts
    std::unique_ptr<Snapshot> snapshot;                   // lazily; gone before the commit
    std::uint64_t bytes = 0;
    std::int64_t now = 0;
  };

  // A record by document, its bytes living as long as the snapshot. False: it is not there, or damaged.
  bool record(const Snapshot& snapshot, Document document, Record& out) const;
  std::optional<Newest> newest(const Snapshot& snapshot, model::TypeId type, std::string_view id) const;
  Version to_version(const Record& record) const;
  std::optional<Rendered> render(const Record& record) const;

  void run_writer();
  void run_group(std::vector<Queued>& operations);
  void run_operation(Group& group, Queued& queued);
  model::Result<void> commit(Group& group);
  void publish(Group& group);
  // In the group: the pending record of a document, or the engine's.
  bool record_in_group(Group& group, Document document, Record& out) const;
  const Snapshot& snapshot_of(Group& group) const;
  void train_if_due();
  void train();

  std::unique_ptr<Engine> engine_;
  const model::Schema& schema_;
  StoreOptions options_;
  std::atomic<IndexListener*> listener_{nullptr};
  Packer packer_;
  mutable BodyCache cache_;
  TypeNumbers types_;
  std::atomic<Document> published_{0};
  std::atomic<Commit> published_commit_{0};

  std::mutex engine_mutex_;  // one caller of Engine::write at a time
  // The writer's own: numbers given so far.
  Document last_document_ = 0;
  Commit last_commit_ = 0;
  std::int64_t last_updated_ = 0;
  std::size_t stored_types_ = 0;
  std::vector<Document> heads_;  // by type number

  std::mutex queue_mutex_;
  std::condition_variable queue_ready_;
  std::deque<Queued> normal_, bulk_;
  bool stopping_ = false;
  std::thread trainer_;
  std::atomic<bool> training_{false};
  std::thread writer_;
};

}  // namespace store
