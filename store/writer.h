// Writer: the queue of operations and the one thread that runs them, group by group.
//
// A group is what is queued when it starts: normal operations, then bulk ones, bounded as StoreOptions says; one engine
// transaction, one fsync. Then the index publishes, readers' horizon moves, the cache forgets what was replaced, and each
// operation is answered.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/body_cache.h"
#include "store/erased.h"
#include "store/group.h"

namespace store {

// What readers may see: set when a group is on disk and in the index.
struct Published {
  std::atomic<Document> document{0};
  std::atomic<Commit> commit{0};
};

// Calls `start` with a completion and waits until that is called. On a writer's thread, which would wait for itself, an
// `internal` failure.
model::Result<Commit> wait_for_answer(const std::function<void(Completion)>& start);

class Writer {
 public:
  // `after_group` is called on the writer's thread with the newest document. All references outlive the writer.
  Writer(Engine& engine, TypeNumbers& types, ErasedDocuments& erased, BodyCache& cache, Published& published, WriterState state,
         const StoreOptions& options, std::function<void(Document)> after_group);
  ~Writer() { stop(); }
  // Runs what is queued, then joins. What is submitted from then on, by answers perhaps, is refused.
  void stop();

  void listen(IndexListener* listener);  // waits for the group under way
  void submit(Operation operation, Lane lane, Completion done);
  // `released` is told of each blob that has lost its version, once that is on disk.
  void erase(Erasure what, std::function<void(std::uint64_t)> released, Completion done);
  model::Result<void> put_meta(std::string key, std::string value);
  // Rows that are no document's, changed within the next group's transaction; `change` may be run again. `bytes`: what it counts
  // for where slices are bounded. It makes no commit of its own: `done` has 0.
  void submit_rows(std::function<void(Transaction&)> change, std::uint64_t bytes, Lane lane, Completion done);

 private:
  struct Item {
    Operation operation;  // null: a meta value, a change of rows, or an erasure
    std::string key, value;
    Completion done;
    std::function<void(Transaction&)> change = nullptr;
    std::uint64_t bytes = 0;
    std::optional<Erasure> erasure = std::nullopt;
    std::function<void(std::uint64_t)> released = nullptr;
  };
  struct Answer {
    Completion done;
    model::Result<Commit> result;
    bool depends;  // on something that the group had put before it, or put itself
  };

  void enqueue(Item item, Lane lane);
  void run();
  void run_group(std::size_t normal, std::size_t bulk);
  void run_item(Group& group, Item item, std::vector<Answer>& answers);
  model::Result<void> finish(Group& group);
  model::Result<std::uint64_t> run_erasure(const Item& item);
  // The next item of a queue; none if it is an erasure, unless `alone`: erasures are groups of their own.
  std::optional<Item> take(std::deque<Item>& queue, bool alone);
  bool normal_waiting();

  Engine& engine_;
  TypeNumbers& types_;
  ErasedDocuments& erased_;
  BodyCache& cache_;
  Published& published_;
  WriterState state_;
  const StoreOptions options_;
  const std::function<void(Document)> after_group_;
  std::optional<model::Failure> stopped_;  // why nothing more is written
  std::mutex listener_mutex_;              // held while a group runs
  IndexListener* listener_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> normal_, bulk_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace store
