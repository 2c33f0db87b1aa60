// BoundCondition: one condition on one segment: how many documents satisfy it at most, which they are, and whether one does.
//
// Of a query over several types a condition has parts for each type; a part is about documents of its own type alone. Reads the
// segment, which must outlive it; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/execute_bits.h"
#include "search/planner_clause.h"
#include "search/query.h"
#include "search/term_stream.h"

namespace search {

// A condition with what the store knows of it: for the kinds that no term answers.
struct Resolved {
  const Condition* condition = nullptr;
  std::vector<store::Document> documents;                           // of its ids, or itself: current at the moment, ascending
  std::vector<std::pair<store::Document, store::Document>> ranges;  // last_updated: [from, to)
};

// One run of a query: everything frozen at `moment`. Outlives its plans.
struct Frame {
  const View& view;
  store::Document moment = 0;
  std::span<const model::TypeId> types;  // searched, ascending
  std::vector<Resolved> conditions;
  Deadline deadline;
};

// All documents of a type in a segment: the one term of every_document.
struct TypeDocuments {
  model::TypeId type = model::no_type;
  TermPlace term;
  std::uint64_t count = 0;
};
using AllDocuments = std::vector<TypeDocuments>;  // of the types searched that the segment has, ascending

// One condition on one segment.
class BoundCondition {
 public:
  BoundCondition(const Frame& frame, const Segment& segment, const Resolved& resolved, const AllDocuments& all);
  bool positive() const { return positive_; }
  std::uint64_t documents() const { return documents_; }  // at most; of a positive condition
  double pass() const { return pass_; }                   // estimated share of the types' documents that satisfy it
  double unite_cost(std::size_t words) const;             // ns
  std::string label() const;
  // Takes `other` into this where the two are conditions on the one value that each document has ("ge" and "lt" on a date):
  // their overlap is known exactly then, and either alone may be broad. False: they stay two.
  bool meet(const BoundCondition& other);
  // True if its documents are those of a few terms, no predicate asked: then they can be streamed.
  bool streams() const;
  std::vector<TermPlace> terms() const;

  bool holds(std::uint32_t offset);
  void append_offsets(std::vector<std::uint32_t>& out);  // of a positive condition; ascending, to an empty vector
  void restrict(bits::Words& words);                     // clears what does not satisfy it

 private:
  struct Part {
    BoundClause clause;
    TypeDocuments all;  // of the clause's type
    bool negated;
  };
  void measure();  // documents_ and pass_, of terms
  void unite_parts(bits::Words& words);

  const Segment* segment_;
  const Resolved* resolved_;
  std::uint64_t all_count_ = 0;
  std::size_t types_ = 0;                   // of the segment
  std::vector<Part> parts_;                 // of terms; by rising type
  std::vector<std::uint32_t> own_offsets_;  // of resolved documents that stand in this segment; of terms and ids
  std::vector<const Resolved*> met_;        // what was taken in
  bool positive_ = false;
  std::uint64_t documents_ = 0;
  double pass_ = 1;
};

}  // namespace search
