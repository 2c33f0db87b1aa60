// Sorter: the order of `_sort` over a set of matches, a page at a time.
//
// R4 search.html#sort. Of several values the least counts when ascending, the greatest when descending; resources without a value
// come last either way; ties stand newest first. Small sets are sorted by the values that columns give; of large ones the sorted
// dictionaries of the segments are merged until the page is full (README.md, "Sorting"). One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "search/execute.h"

namespace search {

// What a document sorts by under one key; none: it has no value.
using SortValue = std::optional<std::string>;

// Terms of one dictionary that share what stands before their sort keys: they ascend by those keys.
struct TermRun {
  std::string prefix;
  Ordinals range;
};
// The ordinal of the first term >= low; the number of terms if there is none.
std::uint32_t first_at_least(const Segment& segment, int slot, std::string low);
std::vector<TermRun> term_runs(const Segment& segment, int slot, const SortKey& key);

class Sorter {
 public:
  Sorter(const Execution& execution, const Query& query, const store::Store& store);

  // Of the set's documents in order: the first `limit` (after 0), those that follow `after`, or (backward) those before it (0:
  // the end), nearest first.
  std::vector<store::Document> page(const DocumentSet& set, store::Document after, bool backward, std::size_t limit);
  const std::string& report() const { return report_; }  // for _explain

 private:
  friend class DictionaryWalk;
  struct Check {  // documents of a group whose best value must be this one
    std::size_t depth;
    const std::string* value;
  };
  struct Row {
    store::Document document;
    std::vector<const std::string*> values;  // by depth; null: none
  };

  // sort.cpp
  bool walk(const DocumentSet& set, std::size_t depth, store::Document after);
  bool emit_in_document_order(const DocumentSet& set, store::Document after);
  bool emit(store::Document document);
  bool sort_rows(const std::vector<store::Document>& documents, std::size_t depth, store::Document after);
  bool few(std::uint64_t count) const;
  bool admitted(store::Document document);
  bool walk_ids(const DocumentSet& set, std::size_t depth, store::Document after);  // sort_ids.cpp
  bool walk_times(const DocumentSet& set, std::size_t depth, store::Document after);
  bool walk_terms(const DocumentSet& set, std::size_t depth, store::Document after);  // sort_walk.cpp

  // sort_values.cpp
  SortValue value(store::Document document, std::size_t depth);
  // Those of `documents` among which the next `room` are: decided by ordinals, a segment at a time, without reading terms.
  std::vector<store::Document> narrowed(const std::vector<store::Document>& documents, std::size_t depth, store::Document after,
                                        std::size_t room);
  void values(const std::vector<store::Document>& documents, std::size_t depth, std::vector<const std::string*>& out);

  bool ascending(std::size_t depth) const { return query_.sort[depth].descending == backward_; }  // of the walk
  std::vector<int> slots(const Segment& segment, std::size_t depth) const;  // of the key's parameter: one for each type there

  const Execution& execution_;
  const Query& query_;
  const store::Store& store_;
  bool backward_ = false;
  std::size_t limit_ = 0;
  std::vector<store::Document> out_;
  std::vector<Check> checks_;
  std::deque<std::string> texts_;  // what Rows point to
  std::uint64_t all_ = 0;          // documents of the view
  std::string report_;
};

}  // namespace search
