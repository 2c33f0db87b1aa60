#include "search/index_catch_up.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace search {
namespace {

constexpr std::size_t slice_documents = 2048;  // documents to a run: their terms are in memory at once
constexpr std::size_t few = 128;               // not worth a thread

struct Slice {
  std::vector<RunDocument> documents;
  std::vector<std::string> bodies;
  std::vector<store::Hole> holes;
};

void extract_slice(Slice& slice, const Index::Reextract& extract) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr thrown;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    try {
      for (std::size_t i; (i = next.fetch_add(1)) < slice.documents.size() && !failed;)
        if (RunDocument& document = slice.documents[i]; !document.version.deleted())
          document.terms = extract(document.version, slice.bodies[i], slice.holes[i]);
    } catch (...) {
      if (!failed.exchange(true)) thrown = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  const std::size_t threads =
      slice.documents.size() < few ? 1 : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
  while (helpers.size() + 1 < threads) helpers.emplace_back(work);
  work();
  for (auto& helper : helpers) helper.join();
  if (thrown) std::rethrow_exception(thrown);
}

// What an erased version replaced stays replaced: it is a document without terms.
void add_erased(const store::Store& store, const std::vector<Document>& erased, Document first, Document end, Slice& slice) {
  const auto from = std::lower_bound(erased.begin(), erased.end(), first);
  for (auto at = from; at != erased.end() && *at < end; ++at) {
    store::Version version;
    version.document = *at;
    version.previous = store.replaced_by(*at);
    version.method = store::Method::remove;
    slice.documents.push_back({version, nullptr});
  }
}

}  // namespace

void extract_again(const store::Store& store, const Keys& keys, const Index::Reextract& extract, Document first, Document end,
                   const std::function<bool(std::shared_ptr<const Run>)>& take) {
  const auto erased = store.erased();
  while (first < end) {
    Slice read;
    store.scan(first, [&](const store::Version& version, std::string_view body, store::Hole hole) {
      if (version.document >= end) return false;
      read.documents.push_back({version, nullptr});
      read.bodies.emplace_back(body);
      read.holes.push_back(hole);
      return read.documents.size() < slice_documents;
    });
    const bool last = read.documents.size() < slice_documents;
    extract_slice(read, extract);
    const Document next = last ? end : read.documents.back().version.document + 1;
    add_erased(store, erased, first, next, read);
    std::vector<const RunDocument*> documents;
    for (const RunDocument& document : read.documents) documents.push_back(&document);
    // Numbers without a document (none are expected) are covered too: runs are adjacent.
    if (!take(make_run(first, static_cast<std::uint32_t>(next - first), documents, keys))) return;
    first = next;
  }
}

}  // namespace search
