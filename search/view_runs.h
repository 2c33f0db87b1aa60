// RunView: the one implementation of View: runs, and which documents are alive.
//
// Immutable; any thread. Alive at an earlier moment is alive now, corrected by what was superseded since: the pairs that the
// newer runs hold.
#pragma once

#include <memory>
#include <vector>

#include "search/alive.h"
#include "search/segment_run.h"

namespace search {

class RunView final : public View {
 public:
  using Runs = std::vector<std::shared_ptr<const Run>>;

  // Adjacent, oldest first. `erased`: documents that are found at no moment, whatever the runs say; not among the alive.
  RunView(Runs runs, Alive alive, Alive erased);
  bool alive(Document document) const override { return alive_.test(document); }
  void restrict_alive(const Segment& segment, Document moment, std::span<std::uint64_t> bitmap) const override;
  bool alive_at(Document document, Document moment) const override;

  const Runs& runs() const { return runs_; }
  const Alive& alive_now() const { return alive_; }
  const Alive& erased() const { return erased_; }
  const Run* run_of(Document document) const;  // null if none covers it

 private:
  Runs runs_;
  Alive alive_;
  Alive erased_;
};

// All documents of the runs that are no tombstone, not superseded and not erased.
Alive alive_of(const RunView::Runs& runs, const std::vector<Document>& erased);

}  // namespace search
