#include "store/writer.h"

#include <exception>
#include <utility>

#include "resources-gen/model/temporal.h"
#include "store/erasing.h"

namespace store {

namespace {

using model::FailureKind;
using model::IssueCode;

thread_local bool is_writer = false;  // of any store

}  // namespace

std::int64_t StoreOptions::now() const {
  if (clock != nullptr) return clock();
  return model::now_ms();
}

Writer::Writer(Engine& engine, TypeNumbers& types, ErasedDocuments& erased, BodyCache& cache, Published& published,
               WriterState state, const StoreOptions& options, std::function<void(Document)> after_group)
    : engine_(engine),
      types_(types),
      erased_(erased),
      cache_(cache),
      published_(published),
      state_(std::move(state)),
      options_(options),
      after_group_(std::move(after_group)),
      thread_([this] { run(); }) {}

void Writer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::listen(IndexListener* listener) {
  std::lock_guard lock(listener_mutex_);
  listener_ = listener;
}

void Writer::enqueue(Item item, Lane lane) {
  std::unique_lock lock(mutex_);
  std::deque<Item>& queue = lane == Lane::normal ? normal_ : bulk_;
  const bool stopping = stopping_;
  if (!stopping && queue.size() < options_.queue_limit) {
    queue.push_back(std::move(item));
    lock.unlock();
    wake_.notify_one();
    return;
  }
  lock.unlock();
  item.done(model::failure(FailureKind::unavailable, stopping ? IssueCode::transient : IssueCode::throttled,
                           stopping ? "the server is stopping" : "too many writes are waiting; try again later"));
}

void Writer::submit(Operation operation, Lane lane, Completion done) {
  enqueue({std::move(operation), {}, {}, std::move(done)}, lane);
}

void Writer::erase(Erasure what, std::function<void(std::uint64_t)> released, Completion done) {
  enqueue({{}, {}, {}, std::move(done), nullptr, 0, std::move(what), std::move(released)}, Lane::normal);
}

model::Result<Commit> wait_for_answer(const std::function<void(Completion)>& start) {
  if (is_writer) {
    return model::failure(FailureKind::internal, IssueCode::exception, "a write was waited for from within a write");
  }
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<model::Result<Commit>> answer;
  start([&](model::Result<Commit> result) {
    std::lock_guard lock(mutex);
    answer.emplace(std::move(result));
    answered.notify_one();  // under the lock: afterwards `answered` may be gone
  });
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
}

model::Result<void> Writer::put_meta(std::string key, std::string value) {
  const auto done = wait_for_answer([&](Completion answer) {
    enqueue({{}, std::move(key), std::move(value), std::move(answer)}, Lane::normal);
  });
  if (!done) return done.error();
  return {};
}

void Writer::submit_rows(std::function<void(Transaction&)> change, std::uint64_t bytes, Lane lane, Completion done) {
  enqueue({{}, {}, {}, std::move(done), std::move(change), bytes}, lane);
}

void Writer::run() {
  is_writer = true;
  for (;;) {
    std::size_t normal, bulk;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !normal_.empty() || !bulk_.empty(); });
      normal = normal_.size();
      bulk = bulk_.size();
    }
    if (normal == 0 && bulk == 0) return;
    run_group(normal, bulk);
  }
}

std::optional<Writer::Item> Writer::take(std::deque<Item>& queue, bool alone) {
  std::lock_guard lock(mutex_);
  if (queue.empty() || (queue.front().erasure && !alone)) return std::nullopt;
  std::optional<Item> item(std::move(queue.front()));
  queue.pop_front();
  return item;
}

bool Writer::normal_waiting() {
  std::lock_guard lock(mutex_);
  return !normal_.empty();
}

void Writer::run_group(std::size_t normal, std::size_t bulk) {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(listener_mutex_);
    Group group(engine_, types_, state_, options_, listener_);
    const auto full = [&] {
      return group.broken() || answers.size() >= options_.group_limit || group.bytes() >= options_.group_bytes;
    };
    bool erasure_next = false;
    for (; normal > 0 && !full() && !erasure_next; --normal) {
      auto item = take(normal_, answers.empty());
      erasure_next = !item || item->erasure;
      if (item && item->erasure) {
        auto result = run_erasure(*item);
        answers.push_back({std::move(item->done), std::move(result), false});
      } else if (item) {
        run_item(group, std::move(*item), answers);
      }
    }
    if (erasure_next) bulk = 0;  // after it
    const bool shared = !answers.empty();
    const std::uint64_t before = group.bytes();
    for (; bulk > 0 && !full(); --bulk) {
      if (group.bytes() - before >= options_.bulk_bytes && (shared || normal_waiting())) break;
      run_item(group, *take(bulk_, true), answers);
    }
    if (group.wrote() || group.broken()) {
      if (auto finished = finish(group); !finished) {
        for (Answer& answer : answers) {
          if (answer.depends) answer.result = finished.error();
        }
      }
    }
  }
  for (Answer& answer : answers) {
    try {
      answer.done(std::move(answer.result));
    } catch (...) {
      // A completion's trouble is its caller's; the others are answered.
    }
    answer.done = nullptr;
  }
}

void Writer::run_item(Group& group, Item item, std::vector<Answer>& answers) {
  model::Result<Commit> result = Commit{0};
  const bool first = !group.wrote();
  if (stopped_) {
    result = *stopped_;
  } else if (item.operation) {
    result = group.run(item.operation);
  } else if (item.change) {
    group.change_rows(std::move(item.change), item.bytes);
  } else {
    group.put_meta(std::move(item.key), std::move(item.value));
  }
  // An operation that saw what the group had put, even if it wrote nothing or failed, may have been decided by it.
  answers.push_back({std::move(item.done), std::move(result), !first || group.wrote() || group.broken()});
}

// As finish(), of a group that took something away. Documents and commits go on as they were.
model::Result<std::uint64_t> Writer::run_erasure(const Item& item) {
  const Erasure& what = *item.erasure;
  if (stopped_) return *stopped_;
  try {
    auto erasing = [&] {
      const auto snapshot = engine_.snapshot();
      const TypeNumber number = types_.number(what.type);
      const auto name = types_.name(number);
      return Erasing::find(*snapshot, number, name, types_.before(name), what);
    }();
    if (!erasing) return erasing.error();
    const auto& documents = erasing->documents();
    if (documents.empty()) return 0;
    if (auto written = engine_.write([&](Transaction& out) { erasing->carry_out(out); }); !written) return written.error();
    erased_.add(erasing->type(), documents);
    cache_.forget(what.type, what.id);
    if (listener_ != nullptr) {
      try {
        listener_->erase(documents);
      } catch (const std::exception& error) {
        stopped_ =
            model::failure(FailureKind::unavailable, IssueCode::exception,
                           std::string("the index could not follow an erasure, which is stored; no more is written until a "
                                       "restart: ") +
                               error.what());
        return *stopped_;
      }
    }
    for (const auto blob : erasing->blobs()) item.released(blob);
    return documents.size();
  } catch (const std::exception& error) {
    return model::failure(FailureKind::internal, IssueCode::exception, std::string("the erasure was given up: ") + error.what());
  }
}

model::Result<void> Writer::finish(Group& group) {
  auto committed = group.broken()
                       ? model::Result<void>(model::failure(FailureKind::internal, IssueCode::exception,
                                                            "the index did not take a version; nothing of its group was written"))
                       : group.commit();
  if (!committed) {
    if (listener_ != nullptr) listener_->abandon();
    return committed;
  }
  state_ = group.state();
  for (const Group::Put& put : group.puts()) types_.set_head(put.header.type, put.header.document);
  if (listener_ != nullptr && !group.puts().empty()) {
    try {
      listener_->publish();
    } catch (const std::exception& error) {
      stopped_ = model::failure(
          FailureKind::unavailable, IssueCode::exception,
          std::string("the index could not follow the last write, which is stored; no more is written until a restart: ") +
              error.what());
    }
  }
  published_.commit.store(state_.commit, std::memory_order_release);
  published_.document.store(state_.document, std::memory_order_release);
  for (const Group::Put& put : group.puts()) cache_.invalidate(put.version.type, put.version.id, put.version.document);
  after_group_(state_.document);
  if (stopped_) return *stopped_;
  return committed;
}

}  // namespace store
