#include "store/erased.h"

#include <algorithm>
#include <string>

namespace store {

void put_erased(Transaction& out, TypeNumber type, Document document) {
  std::string value;
  append_type(value, type);
  const auto key = document_key(document);
  out.put(Space::erased, view(key), value);
}

void ErasedDocuments::load(const Snapshot& snapshot) {
  const auto cursor = snapshot.cursor(Space::erased);
  for (bool there = cursor->seek(std::string_view("\0", 1)); there; there = cursor->next()) {
    std::string_view value = cursor->value();
    const TypeNumber type = take_type(value);
    const Document document = parse_document_key(cursor->key());
    if (type == 0 || type > max_type_number || document == 0) throw EngineError("the space of erased documents is damaged");
    if (by_type_.size() <= type) by_type_.resize(type + std::size_t{1});
    by_type_[type].push_back(document);
  }
}

void ErasedDocuments::add(TypeNumber type, const std::vector<Document>& documents) {
  const std::unique_lock lock(mutex_);
  if (by_type_.size() <= type) by_type_.resize(type + std::size_t{1});
  auto& known = by_type_[type];
  const auto middle = static_cast<std::ptrdiff_t>(known.size());
  known.insert(known.end(), documents.begin(), documents.end());
  std::sort(known.begin() + middle, known.end());
  std::inplace_merge(known.begin(), known.begin() + middle, known.end());
}

std::uint64_t ErasedDocuments::count(Document first, Document end, std::span<const TypeNumber> types) const {
  const std::shared_lock lock(mutex_);
  std::uint64_t sum = 0;
  for (std::size_t type = 1; type < by_type_.size(); ++type) {
    if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end()) continue;
    const auto& known = by_type_[type];
    const auto from = std::lower_bound(known.begin(), known.end(), first), to = std::lower_bound(from, known.end(), end);
    sum += static_cast<std::uint64_t>(to - from);
  }
  return sum;
}

std::vector<Document> ErasedDocuments::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<Document> out;
  for (const auto& known : by_type_) out.insert(out.end(), known.begin(), known.end());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace store
