// Erasing: an erasure found out under a snapshot, then carried out in one transaction. README.md, "Erasure".
//
// The writer's thread only, between groups.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/record.h"

namespace store {

class Erasing {
 public:
  // Finds the versions to erase, of a type of that number and name; `before`: what stands before it in other types' names that
  // end with it (TypeNumbers::before). not_found: there is no such resource or version; conflict: the newest version alone was
  // asked for.
  static model::Result<Erasing> find(const Snapshot& snapshot, TypeNumber type, std::string_view name,
                                     const std::vector<std::string>& before, const Erasure& what);

  // Placeholders for the documents, the resource's id without them, and nothing of them in any other space.
  void carry_out(Transaction& out) const;

  TypeNumber type() const { return type_; }
  const std::vector<Document>& documents() const { return documents_; }
  const std::vector<std::uint64_t>& blobs() const { return blobs_; }  // whose pieces are to be swept now

 private:
  TypeNumber type_ = 0;
  std::string key_;  // in ids
  Newest newest_;    // what is left; document 0: nothing
  std::vector<Document> documents_;
  std::vector<Header> placeholders_;
  std::vector<std::string> replies_;  // keys of those that tell of them
  std::vector<std::uint64_t> blobs_;  // of the documents that have one
};

}  // namespace store
