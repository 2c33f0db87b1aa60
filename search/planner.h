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
#include <span>
#include <string>
#include <vector>

#include "search/execute_bits.h"
#include "search/planner_condition.h"

namespace search {

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
  bool stream(std::span<const TermPlace> terms, std::uint64_t budget, std::uint32_t& below, std::size_t limit,
              std::vector<std::uint32_t>& out);
  void evaluate();
  std::string types() const;  // "type", "3 types"

  const Frame& frame_;
  const Segment& segment_;
  AllDocuments everything_;
  std::uint64_t everything_count_ = 0;
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
