#include "search/index.h"

#include <algorithm>
#include <stdexcept>

#include "search/index_catch_up.h"
#include "search/merge.h"
#include "search/segment_index.h"

namespace search {
namespace {

constexpr std::size_t crowded = 32;     // runs in memory at which the memory lane is behind and the writer merges some itself
constexpr std::size_t inline_runs = 8;  // so many at a time
constexpr std::uint64_t inline_documents = 1024;  // of at most so many documents: a few milliseconds

Index::Options sound(Index::Options options) {
  options.flush_documents = std::max(options.flush_documents, 1u);
  return options;
}

}  // namespace

model::Result<std::unique_ptr<Index>> Index::open(store::Store& store, const model::Schema& schema, Options options,
                                                  Reextract extract) {
  try {
    auto index = std::make_unique<SegmentIndex>(store, schema, std::move(options), std::move(extract));
    if (auto started = index->start(); !started) return started.error();
    return std::unique_ptr<Index>(std::move(index));
  } catch (const std::exception& error) {  // the store is damaged, or extraction is broken
    return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                          std::string("the index cannot be made again: ") + error.what());
  }
}

SegmentIndex::SegmentIndex(store::Store& store, const model::Schema& schema, Options options, Reextract extract)
    : store_(store), keys_(schema), options_(sound(std::move(options))), extract_(std::move(extract)) {
  if (!options_.directory.empty()) files_.emplace(options_.directory);
}

std::shared_ptr<const RunView> SegmentIndex::now() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

void SegmentIndex::show(std::shared_ptr<const RunView> view) {
  std::lock_guard lock(view_mutex_);
  view_.swap(view);  // the old one is released after the lock
}

void SegmentIndex::replace(const Runs& old, const Runs& fresh) {
  std::lock_guard lock(change_mutex_);
  const auto before = now();
  Runs runs = before->runs();
  const auto at = std::find(runs.begin(), runs.end(), old.front());
  if (runs.end() - at < static_cast<std::ptrdiff_t>(old.size()) || !std::equal(old.begin(), old.end(), at))
    throw std::logic_error("runs were replaced by two threads");
  const auto rest = runs.erase(at, at + static_cast<std::ptrdiff_t>(old.size()));
  runs.insert(rest, fresh.begin(), fresh.end());
  show(std::make_shared<RunView>(std::move(runs), before->alive_now(), before->erased()));
}

void SegmentIndex::stage(const store::Version& version, const std::shared_ptr<const store::IndexEntry>& index) {
  auto terms = std::dynamic_pointer_cast<const DocumentTerms>(index);
  if (terms) {
    // A defect shows here, before the commit, rather than in publish(), after it.
    const auto positions = keys_.of_type(version.type);
    for (std::size_t i = 0; i < terms->terms.size(); ++i) {
      const auto parameter = terms->terms[i].parameter;
      if (i > 0 && parameter == terms->terms[i - 1].parameter) continue;
      const auto at =
          std::lower_bound(positions.begin(), positions.end(), parameter,
                           [](const Keys::Position& position, model::ParameterId id) { return position.parameter < id; });
      if (at == positions.end() || at->parameter != parameter)
        throw std::logic_error("terms under a parameter that " + std::string(keys_.type_name(version.type)) + " does not have");
    }
  }
  staged_.add(version, version.deleted() ? nullptr : std::move(terms));
}

void SegmentIndex::publish() {
  const auto& staged = staged_.all();
  if (staged.empty()) return;
  std::vector<const RunDocument*> documents;
  documents.reserve(staged.size());
  for (const Staged& one : staged) documents.push_back(&one);
  const Document first = staged.front().version.document, end = staged.back().version.document + 1;

  Runs fresh;
  // A publish() that failed (out of memory) left a gap: what is committed must be found, so it is made up for here.
  if (const Document next = now()->last() + 1; next < first)
    extract_again(store_, keys_, extract_, next, first, [&](std::shared_ptr<const Run> run) {
      fresh.push_back(std::move(run));
      return true;
    });
  fresh.push_back(make_run(first, static_cast<std::uint32_t>(end - first), documents, keys_));

  std::shared_ptr<const RunView> after;
  {
    std::lock_guard lock(change_mutex_);
    const auto before = now();
    AliveEdit alive(before->alive_now());
    for (const auto& run : fresh) {
      for (std::uint32_t i = 0; i < run->size(); ++i)
        if (run->exists(i)) alive.set(run->base() + i);
      for (std::uint32_t i = 0; i < run->pairs(); ++i)
        if (run->pair_old(i) < run->pair_by(i)) alive.reset(run->pair_old(i));
    }
    Runs runs = before->runs();
    runs.insert(runs.end(), fresh.begin(), fresh.end());
    merge_inline(runs);
    after = std::make_shared<RunView>(std::move(runs), alive.take(), before->erased());
    show(after);
  }
  staged_.clear();
  wake_memory_lane(*after);
}

void SegmentIndex::erase(const std::vector<Document>& documents) {
  std::lock_guard lock(change_mutex_);
  const auto before = now();
  AliveEdit alive(before->alive_now()), erased(before->erased());
  for (const Document document : documents) {
    if (before->alive(document)) alive.reset(document);
    erased.set(document);
  }
  show(std::make_shared<RunView>(before->runs(), alive.take(), erased.take()));
}

void SegmentIndex::merge_inline(Runs& runs) const {
  std::size_t first = runs.size();
  while (first > 0 && runs[first - 1]->path().empty()) --first;
  if (runs.size() - first < crowded) return;
  while (first < runs.size() && runs[first]->base() < claimed_end_) ++first;
  std::uint64_t documents = 0;
  std::size_t from = runs.size();
  while (from > first && runs.size() - from < inline_runs && documents + runs[from - 1]->size() <= inline_documents)
    documents += runs[--from]->size();
  if (runs.size() - from < inline_runs) return;
  auto merged = merge_in_memory(std::span(runs).subspan(from), keys_);
  runs.resize(from);
  runs.push_back(std::move(merged));
}

void SegmentIndex::flush() {
  std::unique_lock lock(lane_mutex_);
  const std::uint64_t asked = ++flush_asked_;
  memory_wake_.notify_one();
  flushed_.wait(lock, [&] { return flush_done_ >= asked || stop_; });
}

std::vector<std::string> SegmentIndex::files() const {
  std::vector<std::string> paths;
  const auto held = now();
  for (const auto& run : held->runs())
    if (!run->path().empty()) paths.push_back(run->path());
  return paths;
}

Index::Figures SegmentIndex::figures() const {
  Figures figures{};
  const auto view = now();
  for (const auto& run : view->runs()) {
    if (run->path().empty()) {
      ++figures.memory_segments;
      figures.memory_bytes += run->bytes();
      figures.memory_documents += run->size();
    } else {
      ++figures.disk_segments;
      figures.disk_bytes += run->bytes();
    }
  }
  std::lock_guard lock(trouble_mutex_);
  figures.failed_writes = failed_writes_;
  figures.failure = failure_;
  return figures;
}

}  // namespace search
