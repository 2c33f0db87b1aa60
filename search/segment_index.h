// SegmentIndex: the Index over runs: one in memory per commit, merged on a background lane, written to files, merged there on a
// second lane.
//
// Three threads change the view: the store's writer appends, the memory lane replaces runs in memory (by merged ones, or by a
// file), the file lane replaces files. Each replaces only runs that it alone may (the writer: those behind what the memory lane
// has claimed), so that no change is lost.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "search/index.h"
#include "search/index_staged.h"
#include "search/merge_policy.h"
#include "search/segment_files.h"
#include "search/view_runs.h"

namespace search {

class SegmentIndex final : public Index {
 public:
  SegmentIndex(store::Store& store, const model::Schema& schema, Options options, Reextract extract);
  ~SegmentIndex() override;
  // Opens the files, makes again what is missing, starts the lanes, listens.
  model::Result<void> start();

  void stage(const store::Version& version, const std::shared_ptr<const store::IndexEntry>& index) override;
  void publish() override;
  void abandon() override { staged_.clear(); }
  void erase(const std::vector<Document>& documents) override;

  std::shared_ptr<const View> view() const override { return now(); }
  void staged(const Clause& clause, std::vector<const Staged*>& out) const override { staged_.find(clause, out); }
  bool staged_superseded(Document document) const override { return staged_.superseded(document); }
  void flush() override;
  std::vector<std::string> check() const override;
  std::vector<std::string> files() const override;
  Figures figures() const override;

 private:
  using Runs = RunView::Runs;
  using Clock = std::chrono::steady_clock;

  std::shared_ptr<const RunView> now() const;
  void show(std::shared_ptr<const RunView> view);
  void replace(const Runs& old, const Runs& fresh);
  void merge_inline(Runs& runs) const;

  // Files and their manifest.
  bool write_down(const Runs& sources);  // as one file, named in the manifest, then in the view; false: failed or stopped
  bool adopt(const Runs& old, const Runs& fresh);  // the manifest first, then the view
  model::Result<void> put_manifest(const Runs& runs);
  Runs open_files(const Manifest& manifest);
  // Runs over [first, end) extracted again; in files where they are large. `made` is told of each.
  Runs make_again(Document first, Document end, bool all_in_files, const std::function<void(const Runs& so_far)>& made);

  // The lanes.
  void memory_lane();
  void file_lane();
  bool work_in_memory(bool flush, bool idle);  // true: something was done, look again
  bool work_on_files();
  bool flush_stretches(const Runs& runs, bool all);
  bool due(const Runs& stretch) const;
  void wake_memory_lane(const RunView& view);
  void wake_file_lane() const;
  void mend(const std::shared_ptr<const Run>& run);
  void fail(std::string why);
  bool may_try() const;

  store::Store& store_;
  const Keys keys_;
  const Options options_;
  const Reextract extract_;
  std::optional<SegmentFiles> files_;  // none: memory only
  bool listening_ = false;

  StagedGroup staged_;  // the writer's thread only

  mutable std::mutex view_mutex_;  // held to copy or swap the pointer
  std::shared_ptr<const RunView> view_;
  std::mutex change_mutex_;    // one change of the view at a time
  Document claimed_end_ = 0;   // documents below are the memory lane's; under change_mutex_
  std::mutex manifest_mutex_;  // one manifest at a time; taken before change_mutex_

  mutable std::mutex lane_mutex_;
  mutable std::condition_variable memory_wake_, file_wake_, flushed_;
  mutable bool memory_wanted_ = false, file_wanted_ = false;
  std::uint64_t flush_asked_ = 0, flush_done_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread memory_thread_, file_thread_;

  mutable std::mutex trouble_mutex_;
  std::uint64_t failed_writes_ = 0;
  std::string failure_;
  Clock::time_point retry_at_{};
};

}  // namespace search
