// The versions of the group being written, before its commit: what conditions of later operations in the group must see.
//
// On the writer's thread only. Looking up terms is rare beside staging, so that terms are hashed only when first asked for.
#pragma once

#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "search/index.h"

namespace search {

class StagedGroup {
 public:
  void add(const store::Version& version, std::shared_ptr<const DocumentTerms> terms);
  void clear();
  const std::deque<Index::Staged>& all() const { return staged_; }
  void find(const Clause& clause, std::vector<const Index::Staged*>& out) const;
  bool superseded(Document document) const { return superseded_.contains(document); }

 private:
  void hash_terms() const;

  std::deque<Index::Staged> staged_;  // a deque: what find() gave stays where it is
  std::unordered_set<Document> superseded_;
  mutable std::size_t hashed_ = 0;  // so many of staged_ are in holders_
  mutable std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> holders_;
};

}  // namespace search
