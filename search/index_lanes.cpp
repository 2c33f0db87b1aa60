// The background lanes: merges in memory and flushes on one, merges of files on the other, so that a long merge does not hold up
// a flush.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "search/merge.h"
#include "search/segment_index.h"

namespace search {
namespace {

constexpr MergePolicy memory_policy{8, 8, 1u << 23};
constexpr std::uint64_t file_fan = 4;                         // fewer files to ask in a query, for more rewriting, which is cheap
constexpr std::uint64_t file_limit = 1u << 23;                // documents in a file
constexpr auto quiet = std::chrono::seconds(1);               // after which all that is in memory becomes one run
constexpr auto look_again = std::chrono::seconds(5);          // for runs that a reader found suspect
constexpr auto retry_after = std::chrono::milliseconds(500);  // of the first failure; doubles with each, up to 64 times

std::string first_diagnostic(const model::Failure& failure) { return failure.issues.list().front().diagnostics; }

// Adjacent runs that are in memory; of those the last such stretch is the newest.
std::vector<RunView::Runs> memory_stretches(const RunView::Runs& runs) {
  std::vector<RunView::Runs> stretches;
  bool open = false;
  for (const auto& run : runs) {
    const bool in_memory = run->path().empty();
    if (in_memory && !open) stretches.emplace_back();
    if (in_memory) stretches.back().push_back(run);
    open = in_memory;
  }
  return stretches;
}

RunView::Runs newest_in_memory(const RunView::Runs& runs) {
  std::size_t first = runs.size();
  while (first > 0 && runs[first - 1]->path().empty()) --first;
  return {runs.begin() + static_cast<std::ptrdiff_t>(first), runs.end()};
}

std::vector<std::uint64_t> sizes_of(const RunView::Runs& runs) {
  std::vector<std::uint64_t> sizes;
  for (const auto& run : runs) sizes.push_back(run->size());
  return sizes;
}

}  // namespace

void SegmentIndex::fail(std::string why) {
  std::lock_guard lock(trouble_mutex_);
  const auto doubled = std::min<std::uint64_t>(failed_writes_++, 6);
  failure_ = std::move(why);
  retry_at_ = Clock::now() + retry_after * (1u << doubled);
}

bool SegmentIndex::may_try() const {
  std::lock_guard lock(trouble_mutex_);
  return failed_writes_ == 0 || Clock::now() >= retry_at_;
}

model::Result<void> SegmentIndex::put_manifest(const Runs& runs) {
  if (!files_) return {};
  Manifest manifest;
  manifest.fingerprint = keys_.fingerprint();
  for (const auto& run : runs)
    if (!run->path().empty()) manifest.files.push_back(SegmentFiles::row(*run));
  return store_.put_meta(manifest_name, manifest.text());
}

bool SegmentIndex::adopt(const Runs& old, const Runs& fresh) {
  std::lock_guard lock(manifest_mutex_);
  Runs runs = now()->runs();
  const auto at = std::find(runs.begin(), runs.end(), old.front());
  if (at == runs.end()) throw std::logic_error("runs were replaced by two threads");
  const auto rest = runs.erase(at, at + static_cast<std::ptrdiff_t>(old.size()));
  runs.insert(rest, fresh.begin(), fresh.end());
  if (auto put = put_manifest(runs); !put) {
    for (const auto& run : fresh) run->unlink_when_released();
    fail(first_diagnostic(put.error()));
    return false;
  }
  replace(old, fresh);
  for (const auto& run : old) run->unlink_when_released();
  std::lock_guard trouble(trouble_mutex_);
  failed_writes_ = 0;
  failure_.clear();
  return true;
}

bool SegmentIndex::write_down(const Runs& sources) {
  auto written = files_->write(sources, keys_, stop_);
  if (!written) {
    fail(first_diagnostic(written.error()));
    return false;
  }
  if (!*written || !adopt(sources, {*written})) return false;
  wake_file_lane();
  return true;
}

void SegmentIndex::wake_file_lane() const {
  std::lock_guard lock(lane_mutex_);
  file_wanted_ = true;
  file_wake_.notify_one();
}

bool SegmentIndex::due(const Runs& stretch) const {
  std::uint64_t documents = 0, bytes = 0;
  for (const auto& run : stretch) {
    documents += run->size();
    bytes += run->bytes();
  }
  return documents >= options_.flush_documents || bytes >= options_.flush_bytes;
}

bool SegmentIndex::flush_stretches(const Runs& runs, bool all) {
  bool done = false;
  for (const Runs& stretch : memory_stretches(runs)) {
    // A stretch before a file is one that could not be written earlier.
    if (!all && stretch.back() == runs.back() && !due(stretch)) continue;
    try {
      if (!write_down(stretch)) return done;
    } catch (const std::exception& error) {
      fail(error.what());
      return done;
    }
    done = true;
  }
  return done;
}

void SegmentIndex::wake_memory_lane(const RunView& view) {
  const Runs newest = newest_in_memory(view.runs());
  // Two: something to merge when it gets quiet.
  if (newest.size() != 2 && !(files_ && due(newest)) && pick_merge(sizes_of(newest), memory_policy).count == 0) return;
  std::lock_guard lock(lane_mutex_);
  memory_wanted_ = true;
  memory_wake_.notify_one();
}

bool SegmentIndex::work_in_memory(bool flush, bool idle) {
  Runs runs, chosen;
  bool write = false;
  {
    std::lock_guard lock(change_mutex_);
    runs = now()->runs();
    const Runs newest = newest_in_memory(runs);
    write = files_ && (flush || (may_try() && (due(newest) || memory_stretches(runs).size() > (newest.empty() ? 0u : 1u))));
    if (!write) {
      const MergeRange range =
          idle && newest.size() > 1 ? MergeRange{0, newest.size()} : pick_merge(sizes_of(newest), memory_policy);
      chosen.assign(newest.begin() + static_cast<std::ptrdiff_t>(range.first),
                    newest.begin() + static_cast<std::ptrdiff_t>(range.first + range.count));
    }
    claimed_end_ = write && !runs.empty() ? runs.back()->end() : chosen.empty() ? 0 : chosen.back()->end();
  }
  bool done = false;
  if (write) {
    done = flush_stretches(runs, flush);
  } else if (!chosen.empty()) {
    replace(chosen, {merge_in_memory(chosen, keys_)});
    done = true;
  }
  std::lock_guard lock(change_mutex_);
  claimed_end_ = 0;
  return done;
}

void SegmentIndex::memory_lane() {
  std::unique_lock lock(lane_mutex_);
  bool idle = false;
  while (!stop_) {
    memory_wanted_ = false;
    const std::uint64_t asked = flush_asked_;
    const bool flush = asked > flush_done_;
    lock.unlock();
    bool more = false;
    try {
      more = work_in_memory(flush, idle);
    } catch (const std::exception& error) {
      fail(error.what());
    }
    std::weak_ptr<const RunView> seen;  // not held while waiting: its files, merged since, would stay
    std::size_t in_memory = 0;
    {
      const auto view = now();
      seen = view;
      in_memory = newest_in_memory(view->runs()).size();
    }
    lock.lock();
    if (flush) {
      flush_done_ = asked;
      flushed_.notify_all();
    }
    idle = false;
    if (more) continue;
    const auto wanted = [&] { return stop_ || memory_wanted_ || flush_asked_ > flush_done_; };
    if (in_memory > 1 || !may_try())
      idle = !memory_wake_.wait_for(lock, quiet, wanted) && now() == seen.lock();
    else
      memory_wake_.wait(lock, wanted);
  }
}

void SegmentIndex::mend(const std::shared_ptr<const Run>& run) {
  std::vector<std::string> faults = run->verify();
  if (faults.empty()) faults = run->examine();
  if (faults.empty()) return run->trust();
  const Runs fresh = make_again(run->base(), run->end(), true, [](const Runs&) {});
  if (!fresh.empty() && fresh.back()->end() == run->end()) adopt({run}, fresh);
}

bool SegmentIndex::work_on_files() {
  Runs files;
  const auto view = now();  // held: its runs must not go while they are looked at
  for (const auto& run : view->runs()) {
    if (run->path().empty()) break;
    if (run->suspect()) {
      mend(run);
      return true;
    }
    files.push_back(run);
  }
  const MergeRange range = pick_merge(sizes_of(files), {options_.flush_documents, file_fan, file_limit});
  if (range.count == 0) return false;
  const Runs sources(files.begin() + static_cast<std::ptrdiff_t>(range.first),
                     files.begin() + static_cast<std::ptrdiff_t>(range.first + range.count));
  // Damage must not spread: a source whose checksums do not hold is made anew first.
  for (const auto& source : sources) {
    if (stop_) return false;
    if (!source->verify().empty()) {
      source->doubt();
      return true;
    }
  }
  return write_down(sources);
}

void SegmentIndex::file_lane() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 5);  // answers come first, but files must not pile up
  std::unique_lock lock(lane_mutex_);
  while (!stop_) {
    file_wanted_ = false;
    lock.unlock();
    bool more = false;
    try {
      more = may_try() && work_on_files();
      files_->removals().run();
    } catch (const std::exception& error) {
      fail(error.what());
    }
    lock.lock();
    if (!more) file_wake_.wait_for(lock, look_again, [&] { return stop_ || file_wanted_; });
  }
}

}  // namespace search
