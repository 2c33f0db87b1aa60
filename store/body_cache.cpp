#include "store/body_cache.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "store/record.h"

namespace store {

namespace {

// A key without an allocation: the type's two bytes, then the id.
struct Key {
  Key(model::TypeId type, std::string_view id) : size(2 + std::min(id.size(), max_id_bytes)) {
    std::memcpy(bytes, &type, 2);
    std::memcpy(bytes + 2, id.data(), size - 2);
  }
  std::string_view view() const { return {bytes, size}; }
  std::size_t size;
  char bytes[2 + max_id_bytes];
};

}  // namespace

void BodyCache::erase(Shard& shard, Entries::iterator entry) {
  shard.bytes -= size(*entry);
  shard.by_key.erase(entry->key);
  shard.entries.erase(entry);
}

std::optional<Store::Rendered> BodyCache::find(model::TypeId type, std::string_view id) {
  if (id.size() > max_id_bytes) return std::nullopt;
  const Key key(type, id);
  Shard& from = shard(key.view());
  std::lock_guard lock(from.mutex);
  const auto found = from.by_key.find(key.view());
  if (found == from.by_key.end()) return std::nullopt;
  from.entries.splice(from.entries.begin(), from.entries, found->second);
  return found->second->rendered;
}

void BodyCache::insert(const Store::Rendered& rendered, Document seen, std::uint64_t erasures) {
  const Key key(rendered.version.type, rendered.version.id);
  Entries fresh;
  fresh.push_back({std::string(key.view()), rendered});
  const std::uint64_t bytes = size(fresh.front());
  if (bytes > shard_bytes_ / 8) return;  // one large body must not push out many small ones
  Entries dropped;                       // destroyed after the lock
  Shard& into = shard(key.view());
  std::lock_guard lock(into.mutex);
  if (into.invalidated > seen || erasures_.load(std::memory_order_acquire) != erasures || into.by_key.contains(key.view()))
    return;
  into.entries.splice(into.entries.begin(), fresh);
  into.by_key.emplace(into.entries.front().key, into.entries.begin());
  into.bytes += bytes;
  while (into.bytes > shard_bytes_) {
    const auto oldest = std::prev(into.entries.end());
    into.bytes -= size(*oldest);
    into.by_key.erase(oldest->key);
    dropped.splice(dropped.begin(), into.entries, oldest);
  }
}

void BodyCache::forget(model::TypeId type, std::string_view id) {
  erasures_.fetch_add(1, std::memory_order_acq_rel);
  invalidate(type, id, 0);
}

void BodyCache::invalidate(model::TypeId type, std::string_view id, Document document) {
  const Key key(type, id);
  Shard& from = shard(key.view());
  std::lock_guard lock(from.mutex);
  from.invalidated = std::max(from.invalidated, document);
  if (const auto found = from.by_key.find(key.view()); found != from.by_key.end()) erase(from, found->second);
}

}  // namespace store
