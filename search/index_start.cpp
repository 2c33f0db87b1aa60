// How an index starts and ends: the files that the manifest names, what must be made again, and the last flush.
#include <algorithm>
#include <exception>

#include "search/index_catch_up.h"
#include "search/merge.h"
#include "search/segment_index.h"

namespace search {
namespace {

constexpr std::uint64_t file_documents = 65536;  // of a file made again

}  // namespace

SegmentIndex::Runs SegmentIndex::open_files(const Manifest& manifest) {
  Runs runs;
  const Document last = store_.last_document();
  for (const auto& file : manifest.files) {
    std::string fault;
    auto run = files_->open(file, keys_, fault);
    if (run && (run->base() < (runs.empty() ? 1 : runs.back()->end()) || run->end() > last + 1)) {
      run = nullptr;
      fault = "covers documents that it must not";
    }
    if (run)
      runs.push_back(std::move(run));
    else
      failure_ = "segment file " + file.name + " " + fault + "; it was made anew";
  }
  return runs;
}

SegmentIndex::Runs SegmentIndex::make_again(Document first, Document end, bool all_in_files,
                                            const std::function<void(const Runs& so_far)>& made) {
  Runs done, pending;
  std::uint64_t documents = 0;
  const auto settle = [&] {
    std::shared_ptr<const Run> run;
    if (files_) {
      if (auto written = files_->write(pending, keys_, stop_))
        run = *written;
      else
        fail(written.error().issues.list().front().diagnostics);
    }
    // Stopped, or the disk is full: in memory, to be written later.
    if (!run) run = pending.size() == 1 ? pending.front() : merge_in_memory(pending, keys_);
    done.push_back(std::move(run));
    pending.clear();
    documents = 0;
    made(done);
  };
  extract_again(store_, keys_, extract_, first, end, [&](std::shared_ptr<const Run> run) {
    documents += run->size();
    pending.push_back(std::move(run));
    if (documents >= file_documents) settle();
    return !stop_;
  });
  if (!pending.empty() && ((files_ && all_in_files) || documents >= options_.flush_documents)) settle();
  done.insert(done.end(), pending.begin(), pending.end());
  return done;
}

model::Result<void> SegmentIndex::start() {
  const auto text = store_.meta(manifest_name);
  Manifest manifest;
  if (!text || !Manifest::parse(*text, manifest) || manifest.fingerprint != keys_.fingerprint()) manifest.files.clear();
  Runs runs;
  if (files_) {
    if (auto ready = files_->prepare(); !ready) return ready.error();
    runs = open_files(manifest);
    std::vector<std::string> kept;
    for (const auto& run : runs) kept.push_back(SegmentFiles::row(*run).name);
    files_->sweep(kept);
  }
  const bool sound = runs.size() == manifest.files.size();
  // What no file covers, in order: gaps that damage left, and what came after the last file.
  const Document end = store_.last_document() + 1;
  Document next = 1;
  for (std::size_t i = 0; i <= runs.size(); ++i) {
    const Document upto = i < runs.size() ? runs[i]->base() : end;
    if (next < upto) {
      const Runs made = make_again(next, upto, upto != end, [&](const Runs& so_far) {
        Runs named = runs;
        named.insert(named.begin() + static_cast<std::ptrdiff_t>(i), so_far.begin(), so_far.end());
        if (auto put = put_manifest(named); !put) fail(put.error().issues.list().front().diagnostics);
      });
      runs.insert(runs.begin() + static_cast<std::ptrdiff_t>(i), made.begin(), made.end());
      i += made.size();
    }
    if (i < runs.size()) next = runs[i]->end();
  }
  if (files_ && !sound)
    if (auto put = put_manifest(runs); !put) fail(put.error().issues.list().front().diagnostics);
  const auto erased = store_.erased();
  AliveEdit without{Alive()};
  for (const Document document : erased) without.set(document);
  Alive alive = alive_of(runs, erased);
  show(std::make_shared<RunView>(std::move(runs), std::move(alive), without.take()));
  memory_wanted_ = file_wanted_ = true;
  memory_thread_ = std::thread([this] { memory_lane(); });
  if (files_) file_thread_ = std::thread([this] { file_lane(); });
  store_.listen(this);
  listening_ = true;
  return {};
}

SegmentIndex::~SegmentIndex() {
  {
    std::lock_guard lock(lane_mutex_);
    stop_ = true;
    memory_wake_.notify_all();
    file_wake_.notify_all();
    flushed_.notify_all();
  }
  if (memory_thread_.joinable()) memory_thread_.join();
  if (file_thread_.joinable()) file_thread_.join();
  if (!listening_) return;
  store_.listen(nullptr);
  stop_ = false;  // for the last flush, so that the next start has nothing to extract
  if (files_) flush_stretches(now()->runs(), true);
  show(nullptr);  // what no reader holds is released, and removed where it was replaced, before the files are let go
}

}  // namespace search
