// The engine in memory: each space a two-level sorted table of immutable chunks, copied on write.
//
// A snapshot is one pointer to a state; a write copies the chunks that it touches (and the list of a touched space), then swaps
// the state.

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "store/engine.h"

namespace store {

namespace {

using Entry = std::pair<std::string, std::string>;
using EntryPointer = std::shared_ptr<const Entry>;
using Chunk = std::vector<EntryPointer>;            // sorted by key, never empty in a table
using Table = std::vector<std::shared_ptr<Chunk>>;  // sorted by their first keys; chunks that two tables hold do not change
constexpr std::size_t chunk_limit = 128;

struct State {
  std::array<std::shared_ptr<const Table>, space_count> tables;
  std::uint64_t bytes = 0;
};

// A place in a table; at its end, chunk is the table's size.
struct Place {
  std::size_t chunk = 0;
  std::size_t entry = 0;
};

// The first entry with a key >= key.
Place lower_bound(const Table& table, std::string_view key) {
  const auto after = std::upper_bound(table.begin(), table.end(), key,
                                      [](std::string_view k, const auto& chunk) { return k < chunk->front()->first; });
  if (after == table.begin()) return {0, 0};
  const Chunk& chunk = **(after - 1);
  const auto entry =
      std::lower_bound(chunk.begin(), chunk.end(), key, [](const EntryPointer& e, std::string_view k) { return e->first < k; });
  const std::size_t index = static_cast<std::size_t>(after - table.begin()) - 1;
  if (entry == chunk.end()) return {index + 1, 0};
  return {index, static_cast<std::size_t>(entry - chunk.begin())};
}

class MemoryTransaction final : public Transaction {
 public:
  explicit MemoryTransaction(std::shared_ptr<const State> base) : base_(std::move(base)), bytes_(base_->bytes) {
    for (std::size_t i = 0; i < space_count; ++i) read_[i] = base_->tables[i].get();
  }

  std::optional<std::string_view> get(Space space, std::string_view key) const override {
    const Entry* entry = find(table(space), key);
    if (entry == nullptr) return std::nullopt;
    return entry->second;
  }
  std::unique_ptr<Cursor> cursor(Space space) const override;

  void put(Space space, std::string_view key, std::string_view value) override {
    Table& own = writable(space);
    auto entry = std::make_shared<const Entry>(key, value);
    bytes_ += key.size() + value.size();
    if (own.empty()) {
      own.push_back(std::make_shared<Chunk>(Chunk{std::move(entry)}));
      return;
    }
    const Place place = insertion(own, key);
    Chunk& chunk = writable(own, place.chunk);
    if (place.entry < chunk.size() && chunk[place.entry]->first == key) {
      bytes_ -= key.size() + chunk[place.entry]->second.size();
      chunk[place.entry] = std::move(entry);
      return;
    }
    chunk.insert(chunk.begin() + static_cast<std::ptrdiff_t>(place.entry), std::move(entry));
    if (chunk.size() <= chunk_limit) return;
    // Appending leaves full chunks behind; a key in between halves them.
    const std::size_t keep = place.entry + 1 == chunk.size() ? chunk_limit : chunk_limit / 2;
    const auto middle = chunk.begin() + static_cast<std::ptrdiff_t>(keep);
    auto rest = std::make_shared<Chunk>(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    own.insert(own.begin() + static_cast<std::ptrdiff_t>(place.chunk) + 1, std::move(rest));
  }

  void append(Space space, std::string_view key, std::string_view value) override {
    const Table& now = table(space);
    if (!now.empty() && !(now.back()->back()->first < key)) throw EngineError("append: the key is not the greatest of its space");
    put(space, key, value);
  }

  bool erase(Space space, std::string_view key) override {
    const Entry* entry = find(table(space), key);
    if (entry == nullptr) return false;
    bytes_ -= entry->first.size() + entry->second.size();
    Table& own = writable(space);
    const Place place = lower_bound(own, key);
    Chunk& chunk = writable(own, place.chunk);
    chunk.erase(chunk.begin() + static_cast<std::ptrdiff_t>(place.entry));
    if (chunk.empty()) own.erase(own.begin() + static_cast<std::ptrdiff_t>(place.chunk));
    return true;
  }

  const Table& table(Space space) const { return *read_[static_cast<std::size_t>(space)]; }
  std::uint64_t changes() const { return changes_; }

  std::shared_ptr<const State> result() {
    auto state = std::make_shared<State>(*base_);
    for (std::size_t i = 0; i < space_count; ++i) {
      if (own_[i]) state->tables[i] = std::move(own_[i]);
    }
    state->bytes = bytes_;
    return state;
  }

 private:
  static const Entry* find(const Table& table, std::string_view key) {
    const Place place = lower_bound(table, key);
    if (place.chunk == table.size()) return nullptr;
    const Entry& entry = *(*table[place.chunk])[place.entry];
    return entry.first == key ? &entry : nullptr;
  }

  // Where the key is or belongs: beyond all others, the end of the last chunk.
  static Place insertion(const Table& table, std::string_view key) {
    Place place = lower_bound(table, key);
    if (place.entry == 0 && place.chunk > 0 && (place.chunk == table.size() || (*table[place.chunk])[0]->first != key)) {
      place.chunk -= 1;
      place.entry = table[place.chunk]->size();
    }
    return place;
  }

  Table& writable(Space space) {
    ++changes_;
    const auto i = static_cast<std::size_t>(space);
    if (!own_[i]) {
      own_[i] = std::make_shared<Table>(*read_[i]);
      read_[i] = own_[i].get();
    }
    return *own_[i];
  }

  // A chunk that only our own table holds is ours to change; any other is copied.
  static Chunk& writable(Table& own, std::size_t index) {
    if (own[index].use_count() != 1) own[index] = std::make_shared<Chunk>(*own[index]);
    return *own[index];
  }

  std::shared_ptr<const State> base_;
  std::array<std::shared_ptr<Table>, space_count> own_;
  std::array<const Table*, space_count> read_{};
  std::uint64_t bytes_;
  std::uint64_t changes_ = 0;
};

class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(const MemoryTransaction& of, Space space) : of_(of), space_(space) {}
  bool seek(std::string_view key) override { return place(lower_bound(table(), key)); }
  bool last() override {
    if (table().empty()) return place({0, 0});
    return place({table().size() - 1, table().back()->size() - 1});
  }
  bool next() override {
    if (!positioned()) return false;
    if (place_.entry + 1 < table()[place_.chunk]->size()) return place({place_.chunk, place_.entry + 1});
    return place({place_.chunk + 1, 0});
  }
  bool previous() override {
    if (!positioned()) return false;
    if (place_.entry > 0) return place({place_.chunk, place_.entry - 1});
    if (place_.chunk == 0) return place({table().size(), 0});
    return place({place_.chunk - 1, table()[place_.chunk - 1]->size() - 1});
  }
  std::string_view key() const override { return entry_->first; }
  std::string_view value() const override { return entry_->second; }

 private:
  const Table& table() const { return of_.table(space_); }
  bool positioned() const { return entry_ != nullptr && changes_ == of_.changes(); }
  bool place(Place place) {
    place_ = place;
    changes_ = of_.changes();
    entry_ = place.chunk < table().size() ? (*table()[place.chunk])[place.entry].get() : nullptr;
    return entry_ != nullptr;
  }

  const MemoryTransaction& of_;
  Space space_;
  Place place_;
  const Entry* entry_ = nullptr;
  std::uint64_t changes_ = 0;
};

std::unique_ptr<Cursor> MemoryTransaction::cursor(Space space) const { return std::make_unique<MemoryCursor>(*this, space); }

class MemoryEngine final : public Engine {
 public:
  MemoryEngine() {
    auto empty = std::make_shared<State>();
    for (auto& table : empty->tables) table = std::make_shared<const Table>();
    state_ = std::move(empty);
  }

  std::unique_ptr<Snapshot> snapshot() const override { return std::make_unique<MemoryTransaction>(state()); }

  model::Result<void> write(const std::function<void(Transaction&)>& fn) override {
    std::lock_guard lock(writing_);
    MemoryTransaction transaction(state());
    fn(transaction);
    auto next = transaction.result();
    std::lock_guard swap(mutex_);
    state_.swap(next);
    return {};
  }

  model::Result<void> backup(const std::string& directory) const override {
    LmdbOptions options;
    options.directory = directory;
    auto target = open_lmdb(options);
    if (!target) return target.error();
    const MemoryTransaction source(state());
    bool occupied = false;
    auto written = (*target)->write([&](Transaction& out) {
      for (std::size_t i = 0; i < space_count; ++i) {
        const auto space = static_cast<Space>(i);
        occupied = occupied || out.cursor(space)->seek("");
        if (occupied) return;
        for (const auto& chunk : source.table(space)) {
          for (const EntryPointer& entry : *chunk) out.append(space, entry->first, entry->second);
        }
      }
    });
    if (occupied) {
      return model::failure(model::FailureKind::conflict, model::IssueCode::duplicate,
                            "there is a store in " + directory + " already");
    }
    return written;
  }

  std::uint64_t size_bytes() const override { return state()->bytes; }
  std::string name() const override { return "memory"; }

 private:
  std::shared_ptr<const State> state() const {
    std::lock_guard lock(mutex_);
    return state_;
  }

  std::mutex writing_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
};

}  // namespace

std::unique_ptr<Engine> make_memory_engine() { return std::make_unique<MemoryEngine>(); }

}  // namespace store
