// BodyCache: rendered current versions by (type, id), bounded by bytes, the least recently used going first. Thread-safe.
//
// The writer invalidates what a commit replaced before it acknowledges; a reader that raced with it cannot put the older body back.
#pragma once

#include <array>
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
  // `seen`: the newest document published before the reader took its snapshot.
  void insert(const Store::Rendered& rendered, Document seen);
  // `document` replaced the resource's version.
  void invalidate(model::TypeId type, std::string_view id, Document document);

 private:
  static constexpr std::size_t shard_count = 16;
  struct Entry {
    std::string key;
    Store::Rendered rendered;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> entries;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
    std::uint64_t bytes = 0;
    Document invalidated = 0;
  };
  static std::string key(model::TypeId type, std::string_view id);
  static std::uint64_t size(const Entry& entry) {
    return 256 + 2 * entry.key.size() + (entry.rendered.body ? entry.rendered.body->size() : 0);
  }
  Shard& shard(std::string_view key) { return shards_[std::hash<std::string_view>()(key) % shard_count]; }
  static void erase(Shard& shard, std::list<Entry>::iterator entry);

  std::uint64_t shard_bytes_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace store
