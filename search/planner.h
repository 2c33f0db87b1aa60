// SegmentPlan: how one query is answered on one segment, and the answer.
//
// Three ways, the cheapest by estimate: *stream* a term's postings from the newest down and check the other conditions by column
// until the page is full; *list* the postings of the narrowest condition and check those; *unite* every condition into bitmaps.
// README.md, "Planning".
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/execute_bits.h"
#include "search/planner_clause.h"
#include "search/query.h"

namespace search {

// A condition with what the store knows of it: for the kinds that no term answers.
struct Resolved {
  const Condition* condition = nullptr;
  std::vector<store::Document> documents;                           // id: current at the moment, ascending
  std::vector<std::pair<store::Document, store::Document>> ranges;  // last_updated: [from, to)
};

// One run of a query: everything frozen at `moment`. Outlives its plans.
struct Frame {
  const View& view;
  store::Document moment = 0;
  Clause everything;  // all documents of the type
  std::vector<Resolved> conditions;
  Deadline deadline;
};

// The matches of one segment: ascending offsets, or a bitmap.
struct SegmentMatches {
  const Segment* segment = nullptr;
  bool dense = false;
  std::vector<std::uint32_t> list;
  bits::Words words;
  std::uint64_t count = 0;

  bool holds(std::uint32_t offset) const;
  void to_list();
  void to_words();
  // fn(offset) for [from, to), until it returns false; then returns false.
  template <typename Fn>
  bool each_up(std::uint32_t from, std::uint32_t to, Fn fn) const {
    if (dense) return bits::each_up(words, from, to, fn);
    for (const std::uint32_t offset : list) {
      if (offset >= to) break;
      if (offset >= from && !fn(offset)) return false;
    }
    return true;
  }
  template <typename Fn>
  bool each_down(std::uint32_t from, std::uint32_t to, Fn fn) const {
    if (dense) return bits::each_down(words, from, to, fn);
    for (auto at = list.rbegin(); at != list.rend() && *at >= from; ++at) {
      if (*at < to && !fn(*at)) return false;
    }
    return true;
  }
};

// One condition on one segment.
class BoundCondition {
 public:
  BoundCondition(const Frame& frame, const Segment& segment, const Resolved& resolved, std::uint64_t all);
  bool positive() const { return positive_; }
  std::uint64_t documents() const { return documents_; }  // at most; of a positive condition
  double pass() const { return pass_; }                   // estimated share of the type's documents that satisfy it
  double unite_cost(std::size_t words) const;             // ns
  std::string label() const;
  // Takes `other` into this where the two are conditions on the one value that each document has ("ge" and "lt" on a date):
  // their overlap is known exactly then, and either alone may be broad. False: they stay two.
  bool meet(const BoundCondition& other, std::uint64_t all);
  std::optional<std::pair<int, std::uint32_t>> single_term() const;  // slot and ordinal

  bool holds(std::uint32_t offset);
  void append_offsets(std::vector<std::uint32_t>& out);  // of a positive condition; ascending, to an empty vector
  void restrict(bits::Words& words);                     // clears what does not satisfy it

 private:
  const Segment* segment_;
  const Resolved* resolved_;
  std::vector<BoundClause> clauses_;
  std::vector<const Resolved*> met_;  // what was taken in
  bool positive_ = false;
  std::uint64_t documents_ = 0;
  double pass_ = 1;
};

class SegmentPlan {
 public:
  SegmentPlan(const Frame& frame, const Segment& segment);

  std::uint64_t bound() const { return bound_; }  // no more documents than this can match; 0: none
  double estimate() const;                        // matches, by independence of the conditions
  // Appends matching offsets below `below`, descending, at most `limit`.
  void newest(std::uint32_t below, std::size_t limit, std::vector<std::uint32_t>& out);
  const SegmentMatches& matches();  // all of them
  SegmentMatches take_matches();    // the same, moved out

  std::string report() const;  // for _explain: what was done and what it cost

 private:
  bool admits(std::uint32_t offset);  // alive, and every condition but the driver holds
  bool stream(int slot, std::uint32_t ordinal, std::uint64_t budget, std::uint32_t& below, std::size_t limit,
              std::vector<std::uint32_t>& out);
  void evaluate();

  const Frame& frame_;
  const Segment& segment_;
  BoundClause everything_;
  std::vector<BoundCondition> conditions_;  // those likely to refuse most come first
  const BoundCondition* driver_ = nullptr;  // while candidates come from it
  BoundCondition* narrowest_ = nullptr;     // of the positive ones
  std::uint64_t bound_ = 0;
  std::optional<SegmentMatches> matches_;
  std::vector<std::uint32_t> candidates_;  // of narrowest_, if listed
  bool listed_ = false;

  std::string ways_;
  std::uint64_t checked_ = 0, found_ = 0;
  std::chrono::nanoseconds spent_{0};
};

}  // namespace search
