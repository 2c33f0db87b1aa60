// BundleMatcher: which resources that a transaction is about to write match a query. The index cannot know: they are not written
// yet.
//
// R4 http.html#trules: conditional references are resolved last, so that they find what the transaction itself creates.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "resources-gen/model/result.h"
#include "search/query.h"

namespace rest {

class BundleMatcher {
 public:
  // `entry` would be stored as `version`, with these terms.
  void add(std::size_t entry, store::Version version, std::shared_ptr<const store::IndexEntry> index);
  // The first two entries that match. Fails (too costly) if all queries of the transaction together compare too much.
  model::Result<std::vector<std::size_t>> match(const search::Query& query);

 private:
  struct Candidate {
    std::size_t entry;
    store::Version version;
    std::shared_ptr<const search::DocumentTerms> terms;
  };
  // Candidates that hold a term, so that thousands of look-ups by identifier stay cheap.
  std::vector<Candidate> candidates_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_term_;  // (parameter, term)
  std::unordered_map<model::TypeId, std::vector<std::size_t>> by_type_;
  std::uint64_t compared_ = 0;
};

}  // namespace rest
