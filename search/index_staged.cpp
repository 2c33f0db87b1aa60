#include "search/index_staged.h"

#include <algorithm>

#include "search/segment_bytes.h"

namespace search {
namespace {

std::uint64_t hash_of(IndexKey key, std::string_view term) {
  return fold_product(hash_term(term) ^ (std::uint64_t{key.type} << 16 | key.parameter), 0x9e3779b97f4a7c15);
}

}  // namespace

void StagedGroup::add(const store::Version& version, std::shared_ptr<const DocumentTerms> terms) {
  if (version.previous != 0) superseded_.insert(version.previous);
  staged_.push_back({version, std::move(terms)});
}

void StagedGroup::clear() {
  staged_.clear();
  superseded_.clear();
  holders_.clear();
  hashed_ = 0;
}

void StagedGroup::hash_terms() const {
  for (; hashed_ < staged_.size(); ++hashed_) {
    const Index::Staged& staged = staged_[hashed_];
    if (!staged.terms) continue;
    for (const Term& term : staged.terms->terms)
      holders_[hash_of({staged.version.type, term.parameter}, term.bytes)].push_back(static_cast<std::uint32_t>(hashed_));
  }
}

void StagedGroup::find(const Clause& clause, std::vector<const Index::Staged*>& out) const {
  const bool unique =
      !clause.negated && std::all_of(clause.scans.begin(), clause.scans.end(), [](const Scan& scan) { return scan.unique; });
  if (!unique) {
    for (const Index::Staged& staged : staged_)
      if (staged.version.type == clause.key.type) out.push_back(&staged);
    return;
  }
  hash_terms();
  std::vector<std::uint32_t> found;
  for (const Scan& scan : clause.scans)
    if (const auto at = holders_.find(hash_of(clause.key, scan.low)); at != holders_.end())
      found.insert(found.end(), at->second.begin(), at->second.end());
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  for (const std::uint32_t index : found) out.push_back(&staged_[index]);
}

}  // namespace search
