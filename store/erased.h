// ErasedDocuments: which documents are placeholders, so that what is left can be counted without reading them. Thread-safe.
//
// 8 bytes a document, in memory; the space `erased` has the same on disk.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <span>
#include <vector>

#include "store/record.h"

namespace store {

class ErasedDocuments {
 public:
  void load(const Snapshot& snapshot);
  void add(TypeNumber type, const std::vector<Document>& documents);
  // How many of documents [first, end) are erased, of these types (none named: of all).
  std::uint64_t count(Document first, Document end, std::span<const TypeNumber> types) const;
  std::vector<Document> all() const;  // ascending

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::vector<Document>> by_type_;  // each ascending
};

void put_erased(Transaction& out, TypeNumber type, Document document);

}  // namespace store
