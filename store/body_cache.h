// BodyCache: rendered current versions by (type, id), bounded by bytes, the least recently used going first. Thread-safe.
//
// The writer invalidates what a commit replaced before it acknowledges; a reader that raced with it cannot put the older body
// back.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/store.h"

namespace store {

class BodyCache {
 public:
  explicit BodyCache(std::uint64_t bytes) : shard_bytes_(bytes / shard_count) {}

  std::optional<Store::Rendered> find(model::TypeId type, std::string_view id);
  // `seen`: the newest document that was published, and `erasures` the number of them, before the reader took its snapshot. Not
  // kept if the shard was invalidated, or anything erased, since.
  void insert(const Store::Rendered& rendered, Document seen, std::uint64_t erasures);
  // `document`, published before this call, is the resource's newest version.
  void invalidate(model::TypeId type, std::string_view id, Document document);
  // The resource is erased, on disk: counted first, so that a reader that has it from before cannot put it back.
  void forget(model::TypeId type, std::string_view id);
  std::uint64_t erasures() const { return erasures_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t shard_count = 16;
  struct Entry {
    std::string key;
    Store::Rendered rendered;
  };
  using Entries = std::list<Entry>;
  struct Shard {
    std::mutex mutex;
    Entries entries;                                                 // most recently used first
    std::unordered_map<std::string_view, Entries::iterator> by_key;  // views of the entries' keys
    std::uint64_t bytes = 0;
    Document invalidated = 0;
  };

  static std::uint64_t size(const Entry& entry) { return 256 + 2 * entry.key.size() + entry.rendered.body->capacity(); }
  static void erase(Shard& shard, Entries::iterator entry);
  Shard& shard(std::string_view key) { return shards_[std::hash<std::string_view>()(key) / 64 % shard_count]; }

  const std::uint64_t shard_bytes_;
  std::atomic<std::uint64_t> erasures_{0};
  std::array<Shard, shard_count> shards_;
};

}  // namespace store
