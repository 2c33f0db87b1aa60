#include "store/body_cache.h"

namespace store {

std::string BodyCache::key(model::TypeId type, std::string_view id) {
  std::string out;
  out.reserve(id.size() + 2);
  out += static_cast<char>(type & 0xff);
  out += static_cast<char>(type >> 8);
  out += id;
  return out;
}

void BodyCache::erase(Shard& shard, std::list<Entry>::iterator entry) {
  shard.bytes -= size(*entry);
  shard.by_key.erase(entry->key);
  shard.entries.erase(entry);
}

std::optional<Store::Rendered> BodyCache::find(model::TypeId type, std::string_view id) {
  const auto wanted = key(type, id);
  auto& from = shard(wanted);
  std::lock_guard lock(from.mutex);
  const auto found = from.by_key.find(wanted);
  if (found == from.by_key.end()) return std::nullopt;
  from.entries.splice(from.entries.begin(), from.entries, found->second);
  return found->second->rendered;
}

void BodyCache::insert(const Store::Rendered& rendered, Document seen) {
  Entry entry{key(rendered.version.type, rendered.version.id), rendered};
  auto& into = shard(entry.key);
  const auto bytes = size(entry);
  if (bytes > shard_bytes_ / 8) return;  // one large body must not push out many small ones
  std::lock_guard lock(into.mutex);
  if (into.invalidated > seen) return;
  if (const auto found = into.by_key.find(entry.key); found != into.by_key.end()) erase(into, found->second);
  into.entries.push_front(std::move(entry));
  into.by_key.emplace(into.entries.front().key, into.entries.begin());
  into.bytes += bytes;
  while (into.bytes > shard_bytes_ && !into.entries.empty()) erase(into, std::prev(into.entries.end()));
}

void BodyCache::invalidate(model::TypeId type, std::string_view id, Document document) {
  const auto wanted = key(type, id);
  auto& from = shard(wanted);
  std::lock_guard lock(from.mutex);
  from.invalidated = std::max(from.invalidated, document);
  if (const auto found = from.by_key.find(wanted); found != from.by_key.end()) erase(from, found->second);
}

}  // namespace store
