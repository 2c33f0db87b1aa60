// BoundClause: one clause's union of scans on one segment: how many postings it has, which they are, and whether a document is
// among them.
//
// Negation is the caller's. Reads the segment, which must outlive it; one thread at a time (it remembers what it has looked up).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/execute_bits.h"
#include "search/execute_deadline.h"
#include "search/index.h"

namespace search {

class BoundClause {
 public:
  BoundClause(const Segment& segment, const Clause& clause, const Deadline& deadline);

  // Postings of the ranges, predicates not applied: an upper bound of the documents.
  std::uint64_t postings() const { return postings_; }
  std::uint64_t terms() const { return terms_; }  // in the ranges
  bool predicated() const { return predicated_; }
  bool empty() const { return parts_.empty(); }
  // Narrows this to what `other`, of the same parameter, holds too, where every document has at most one value and so both mean
  // the same one. False, and nothing is changed: not so here.
  bool meet(const BoundClause& other);
  // The one term that the clause is here, if it is one without a predicate.
  std::optional<std::uint32_t> single_term() const;

  bool holds(std::uint32_t offset);
  void unite(std::span<std::uint64_t> bitmap);
  void append_offsets(std::vector<std::uint32_t>& out);  // ascending, each once, to an empty vector

  int slot() const { return slot_; }

 private:
  struct Selected {
    Ordinals range;
    const TermPredicate* predicate;         // null: all
    const TermPredicate* second = nullptr;  // and this one
    bool takes(std::string_view term) const { return (*predicate)(term) && (second == nullptr || (*second)(term)); }
  };
  // Replaces predicated parts by the runs of ordinals that they select.
  void resolve();
  bool selects(std::uint32_t ordinal);
  // Sorts parts without predicates, joins those that touch, and counts.
  void settle();

  const Segment* segment_;
  const Deadline* deadline_;
  int slot_;
  std::vector<Selected> parts_;
  std::uint64_t postings_ = 0;
  std::uint64_t terms_ = 0;
  bool predicated_ = false;
  std::optional<bits::Words> united_;              // where there is no column
  std::unordered_map<std::uint32_t, bool> known_;  // verdicts, while there are predicates
  std::vector<std::uint32_t> scratch_;
  std::string term_;
};

}  // namespace search
