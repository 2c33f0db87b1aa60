// The one writer: groups of queued operations, each on its own commit number, one engine transaction and one fsync a group.

#include <algorithm>
#include <chrono>

#include "store/bytes.h"
#include "store/version_store.h"

namespace store {
namespace {

constexpr std::size_t queue_limit = 65536;  // operations waiting; more are refused at once

std::int64_t system_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

// The writer's state during one operation: its puts are kept apart until it succeeds.
class OperationContext final : public WriteContext {
 public:
  OperationContext(VersionStore& store, VersionStore::Group& group)
      : store_(store), group_(group), first_(store.last_document_ + 1), next_(first_) {}

  std::optional<Version> current(model::TypeId type, std::string_view id) const override {
    const auto number = store_.types_.number(type);
    if (number == 0 || id.empty() || id.size() > max_id_bytes) return std::nullopt;
    return find(resource_key(number, id));
  }

  Version put(Draft draft) override {
    const auto number = store_.types_.assign(draft.type);
    auto key = resource_key(number, draft.id);
    VersionStore::Pending pending;
    pending.version.type = draft.type;
    pending.version.method = draft.method;
    pending.version.document = next_++;
    pending.version.commit = commit();
    pending.version.last_updated = group_.now;
    Header header;
    pending.version.version = 1;
    if (const auto before = find(key)) {
      pending.version.version = before->version + 1;
      pending.version.previous = before->document;
      header.jump = jump_from(before->document, pending.version.version);
    }
    if (store_.heads_.size() <= number) store_.heads_.resize(number + std::size_t{1});
    header.type = number;
    header.method = draft.method;
    header.hole = draft.hole;
    header.version = pending.version.version;
    header.commit = pending.version.commit;
    header.document = pending.version.document;
    header.previous = pending.version.previous;
    header.type_previous = head(number);
    header.last_updated = pending.version.last_updated;
    pending.record = encode_record(header, draft.id, draft.body);
    pending.newest = encode_newest({header.document, header.version, header.method});
    pending.version.id = std::move(draft.id);
    pending.index = std::move(draft.index);
    pending.key = std::move(key);
    puts_.push_back(std::move(pending));
    return puts_.back().version;
  }

  Commit commit() const override { return store_.last_commit_ + 1; }
  std::int64_t now() const override { return group_.now; }
  Document next_document() const override { return next_; }

  std::vector<VersionStore::Pending>& puts() { return puts_; }

 private:
  std::optional<Version> find(const std::string& key) const {
    for (auto own = puts_.rbegin(); own != puts_.rend(); ++own) {
      if (own->key == key) return own->version;
    }
    if (const auto found = group_.newest.find(key); found != group_.newest.end()) return group_.puts[found->second].version;
    const auto& snapshot = store_.snapshot_of(group_);
    const auto value = snapshot.get(Space::ids, key);
    Newest newest;
    Record record;
    if (!value || !decode_newest(*value, newest) || !store_.record(snapshot, newest.document, record)) return std::nullopt;
    return store_.to_version(record);
  }

  bool record(Document document, Record& out) const {
    if (document >= first_) {
      const auto& own = puts_[document - first_];
      return decode_record(document, own.record, out);
    }
    return store_.record_in_group(group_, document, out);
  }

  // The document of version jump_version(number), from the version before on.
  Document jump_from(Document previous, std::uint64_t number) const {
    const auto target = jump_version(number);
    if (target == 0) return 0;
    Record row;
    for (auto document = previous; record(document, row);) {
      if (row.header.version == target) return document;
      document = jump_version(row.header.version) >= target ? row.header.jump : row.header.previous;
    }
    return 0;
  }

  // The newest document of the type before this put.
  Document head(TypeNumber number) const {
    for (auto own = puts_.rbegin(); own != puts_.rend(); ++own) {
      if (store_.types_.number(own->version.type) == number) return own->version.document;
    }
    return store_.heads_[number];
  }

  VersionStore& store_;
  VersionStore::Group& group_;
  Document first_, next_;
  std::vector<VersionStore::Pending> puts_;
};

void VersionStore::submit(Operation operation, Lane lane, Completion done) {
  bool refused = false;
  {
    std::lock_guard lock(queue_mutex_);
    auto& queue = lane == Lane::normal ? normal_ : bulk_;
    refused = stopping_ || queue.size() >= queue_limit;
    if (!refused) queue.push_back({std::move(operation), std::move(done)});
  }
  if (refused) {
    done(model::failure(model::FailureKind::unavailable, model::IssueCode::throttled, "The store has too many writes waiting: try again later"));
  } else {
    queue_ready_.notify_one();
  }
}

void VersionStore::run_writer() {
  for (;;) {
    std::vector<Queued> operations;
    std::size_t bulk = 0;
    {
      std::unique_lock lock(queue_mutex_);
      queue_ready_.wait(lock, [this] { return stopping_ || !normal_.empty() || !bulk_.empty(); });
      if (normal_.empty() && bulk_.empty()) return;
      while (!normal_.empty() && operations.size() < options_.group_limit) {
        operations.push_back(std::move(normal_.front()));
        normal_.pop_front();
      }
      // One bulk operation a group while small writes wait; a large one is a group nearly of its own.
      bulk = operations.empty() ? 4 : 1;
      for (std::size_t i = 0; i < bulk && !bulk_.empty(); ++i) {
        operations.push_back(std::move(bulk_.front()));
        bulk_.pop_front();
      }
    }
    run_group(operations);
    train_if_due();
  }
}

void VersionStore::run_group(std::vector<Queued>& operations) {
  Group group;
  const auto clock = options_.clock != nullptr ? options_.clock : system_clock;
  group.now = std::max(clock(), last_updated_);
  const auto document_before = last_document_;
  const auto commit_before = last_commit_;
  const auto heads_before = heads_;
  for (auto& queued : operations) run_operation(group, queued);
  if (!group.puts.empty()) {
    group.snapshot.reset();
    auto committed = commit(group);
    if (committed) {
      last_updated_ = group.now;
      publish(group);
    } else {
      last_document_ = document_before;
      last_commit_ = commit_before;
      heads_ = heads_before;
      heads_.resize(types_.count() + 1);
      if (auto* listener = listener_.load()) listener->abandon();
      for (auto& queued : operations) {
        if (queued.result && *queued.result != 0) queued.result = committed.error();
      }
    }
  }
  for (auto& queued : operations) queued.done(std::move(queued.result));
}

void VersionStore::run_operation(Group& group, Queued& queued) {
  OperationContext context(*this, group);
  try {
    if (auto done = queued.operation(context); !done) {
      queued.result = done.error();
      return;
    }
  } catch (const std::exception& trouble) {
    queued.result = model::failure(model::FailureKind::internal, model::IssueCode::exception, trouble.what());
    return;
  }
  if (context.puts().empty()) return;
  queued.result = ++last_commit_;
  auto* listener = listener_.load();
  for (auto& pending : context.puts()) {
    last_document_ = pending.version.document;
    heads_[types_.number(pending.version.type)] = last_document_;
    group.bytes += pending.record.size();
    if (listener != nullptr) listener->stage(pending.version, pending.index);
    group.newest[pending.key] = group.puts.size();
    group.puts.push_back(std::move(pending));
  }
}

model::Result<void> VersionStore::commit(Group& group) {
  const auto names = types_.count() != stored_types_ ? types_.encode() : std::string();
  std::string heads;
  for (std::size_t i = 1; i <= types_.count(); ++i) append_varint(heads, i < heads_.size() ? heads_[i] : 0);
  std::lock_guard lock(engine_mutex_);
  try {
    auto written = engine_->write([&](Transaction& out) {
      for (const auto& pending : group.puts) {
        const auto key = document_key(pending.version.document);
        out.append(Space::documents, view(key), pending.record);
      }
      for (const auto& [key, position] : group.newest) out.put(Space::ids, key, group.puts[position].newest);
      if (!names.empty()) out.put(Space::meta, "types", names);
      out.put(Space::meta, "heads", heads);
    });
    if (written && !names.empty()) stored_types_ = types_.count();
    return written;
  } catch (const std::exception& trouble) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception, trouble.what());
  }
}

void VersionStore::publish(Group& group) {
  for (const auto& pending : group.puts) {
    const auto& version = pending.version;
    types_.set_head(types_.number(version.type), version.document);
    cache_.invalidate(version.type, version.id, version.document);
  }
  published_commit_.store(last_commit_, std::memory_order_release);
  published_.store(last_document_, std::memory_order_release);
  if (auto* listener = listener_.load()) listener->publish();
}

const Snapshot& VersionStore::snapshot_of(Group& group) const {
  if (!group.snapshot) group.snapshot = engine_->snapshot();
  return *group.snapshot;
}

bool VersionStore::record_in_group(Group& group, Document document, Record& out) const {
  if (!group.puts.empty() && document >= group.puts.front().version.document) {
    const auto offset = document - group.puts.front().version.document;
    return offset < group.puts.size() && decode_record(document, group.puts[offset].record, out);
  }
  return record(snapshot_of(group), document, out);
}

// Dictionaries: the first after 2,000 documents, a better one after 50,000.
void VersionStore::train_if_due() {
  const auto made = packer_.dictionaries();
  const bool due = (made == 0 && last_document_ >= 2000) || (made == 1 && last_document_ >= 50000);
  if (!due || training_.exchange(true)) return;
  if (trainer_.joinable()) trainer_.join();
  trainer_ = std::thread([this] { train(); });
}

void VersionStore::train() {
  constexpr std::size_t samples_wanted = 2000, sample_bytes = 4u << 20, dictionary_bytes = 64u << 10;
  const auto number = packer_.dictionaries() + 2;
  const auto last = last_document();
  const auto step = std::max<Document>(1, last / samples_wanted);
  std::vector<std::string> samples;
  std::size_t bytes = 0;
  for (Document document = 1; document <= last && bytes < sample_bytes; document += step) {
    const auto snapshot = engine_->snapshot();
    Record out;
    std::string body;
    if (!record(*snapshot, document, out) || !packer_.unpack(out.packed, body) || body.empty()) continue;
    bytes += body.size();
    samples.push_back(std::move(body));
  }
  const auto dictionary = Packer::train(samples, dictionary_bytes);
  if (dictionary.empty()) return;  // training_ stays set: not tried again before the next start
  std::lock_guard lock(engine_mutex_);
  const auto written = engine_->write([&](Transaction& out) { out.put(Space::meta, "dictionary." + std::to_string(number), dictionary); });
  // Used only once it is on disk: no body may name a dictionary that a crash would lose.
  if (!written) return;
  packer_.add_dictionary(dictionary);
  training_ = false;
}

}  // namespace store
