// Checking the index against itself and against the store.
#include <algorithm>

#include "search/segment_index.h"

namespace search {
namespace {

constexpr std::size_t most_faults = 100;
constexpr std::uint64_t sample = 1000;  // documents whose terms are extracted again

class Checker {
 public:
  Checker(const store::Store& store, const Keys& keys, const Index::Reextract& extract, const RunView& view,
          std::vector<std::string>& faults)
      : store_(store), keys_(keys), extract_(extract), view_(view), faults_(faults) {}

  void runs() {
    Document next = 1;
    for (const auto& run : view_.runs()) {
      const std::string name = "segment " + std::to_string(run->base()) + "-" + std::to_string(run->end() - 1) + " ";
      if (run->base() != next) add(name + "is not adjacent to the one before");
      next = run->end();
      auto found = run->verify();
      if (found.empty()) found = run->examine();
      for (const auto& fault : found) add(name + fault);
      if (!found.empty()) run->doubt();
    }
  }

  void documents() {
    const Document last = view_.last();
    const std::uint64_t stride = last / sample + 1;
    std::uint64_t seen = 0;
    store_.scan(1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
      if (version.document > last || faults_.size() >= most_faults) return false;
      ++seen;
      const std::string name = "document " + std::to_string(version.document) + " ";
      const Run* run = view_.run_of(version.document);
      if (!run) {
        add(name + "is in no segment");
        return true;
      }
      const auto offset = static_cast<std::uint32_t>(version.document - run->base());
      const std::uint8_t kind = run->kinds()[offset];
      if (version.deleted() != (kind == no_kind) ||
          (kind < run->type_names().size() && run->type_names()[kind] != keys_.type_name(version.type)))
        add(name + "is of another type in the index");
      const auto newest = store_.as_of(version.type, version.id, last);
      const bool alive = newest && newest->document == version.document && !version.deleted();
      if (view_.alive(version.document) != alive)
        add(name + (alive ? "is current, but not in the index" : "is not current, but in the index"));
      if (!version.deleted() && version.document % stride == 0) terms(*run, offset, version, body, hole);
      return true;
    });
    for (const Document document : store_.erased()) {
      if (document > last) continue;
      ++seen;
      if (view_.alive(document)) add("document " + std::to_string(document) + " is erased, but in the index");
    }
    if (faults_.empty() && seen != last)
      add("the index covers " + std::to_string(last) + " documents, the store has " + std::to_string(seen) + " of them");
  }

 private:
  void add(std::string fault) {
    if (faults_.size() < most_faults) faults_.push_back("index: " + std::move(fault));
  }
  void terms(const Run& run, std::uint32_t offset, const store::Version& version, std::string_view body, store::Hole hole) {
    const auto expected = extract_(version, body, hole);
    if (!expected) return;
    for (const Term& term : expected->terms) {
      const int slot = run.slot({version.type, term.parameter});
      const Ordinals at = slot < 0 ? Ordinals{} : run.find(slot, exact_scan(term.bytes));
      if (at.first == at.last || !run.contains(slot, at.first, offset))
        return add("document " + std::to_string(version.document) + " lacks a term in the index");
    }
  }

  const store::Store& store_;
  const Keys& keys_;
  const Index::Reextract& extract_;
  const RunView& view_;
  std::vector<std::string>& faults_;
};

}  // namespace

std::vector<std::string> SegmentIndex::check() const {
  std::vector<std::string> faults;
  const auto view = now();
  Checker checker(store_, keys_, extract_, *view, faults);
  checker.runs();
  if (faults.empty())
    checker.documents();
  else
    wake_file_lane();  // which makes anew what is damaged
  std::lock_guard lock(trouble_mutex_);
  if (!failure_.empty()) faults.push_back("index: " + failure_);
  return faults;
}

}  // namespace search
