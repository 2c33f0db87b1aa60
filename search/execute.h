// Execution: one query on one view, as of one moment: its matches in document order, as a set, and their number.
//
// Segments are planned as they are reached. Holds the view; the query and the store must outlive it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/planner.h"

namespace search {

// Parts by segment, as the view's segments stand: oldest first.
class DocumentSet {
 public:
  std::vector<SegmentMatches> parts;
  std::uint64_t count() const;
  std::vector<store::Document> documents() const;  // ascending
};

// The version of a resource that was current at the moment and no tombstone.
std::optional<store::Version> version_at(const store::Store& store, model::TypeId type, std::string_view id,
                                         store::Document moment);

class Execution {
 public:
  Execution(const Query& query, const Access& access, std::shared_ptr<const View> view, const store::Store& store,
            store::Document moment, Deadline deadline);
  Execution(const Execution&) = delete;  // its plans point into it

  // Matches below `below` (0: all), newest first, at most `limit`.
  std::vector<store::Document> newest(store::Document below, std::size_t limit);
  // Matches above `above`, oldest first, at most `limit`.
  std::vector<store::Document> oldest(store::Document above, std::size_t limit);
  DocumentSet all();
  std::uint64_t count();

  // True if no more than `limit` candidates stand behind the query: then all() is as cheap as a page.
  bool bounded(std::uint64_t limit);
  std::uint64_t estimate();

  const Deadline& deadline() const { return frame_.deadline; }
  store::Document moment() const { return frame_.moment; }
  const View& view() const { return frame_.view; }
  std::span<const std::shared_ptr<const Segment>> segments() const { return view_->segments(); }
  // The segment that covers a document: its position in segments().
  std::optional<std::size_t> segment_of(store::Document document) const;
  std::string report() const;  // of the segments reached

 private:
  SegmentPlan& plan(std::size_t segment);
  void resolve_ids(Resolved& resolved, const store::Store& store, model::TypeId type) const;

  std::shared_ptr<const View> view_;
  Frame frame_;
  std::vector<std::unique_ptr<SegmentPlan>> plans_;
};

}  // namespace search
