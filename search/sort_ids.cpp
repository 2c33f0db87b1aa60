#include <algorithm>

#include "search/sort.h"

namespace search {
namespace {

// The resources of one type by their ids, as the store has them now.
class IdWalk {
 public:
  IdWalk(const store::Store& store, model::TypeId type, std::string from, bool descending, std::size_t batch)
      : store_(store), type_(type), from_(std::move(from)), descending_(descending), batch_(batch) {}
  // The newest version of the next resource; null at the end.
  const store::Version* head() {
    while (at_ == read_.size() && !ended_) fill();
    return at_ < read_.size() ? &read_[at_] : nullptr;
  }
  void pop() { ++at_; }

 private:
  void fill() {
    const std::string last = read_.empty() ? std::string() : read_.back().id;
    read_ = store_.by_id(type_, from_, descending_, batch_);
    ended_ = read_.size() < batch_;
    if (!read_.empty()) from_ = read_.back().id;
    at_ = !read_.empty() && read_.front().id == last ? 1 : 0;  // the walk goes on from there, inclusive
    batch_ = std::min<std::size_t>(batch_ * 4, 256);
  }

  const store::Store& store_;
  const model::TypeId type_;
  std::string from_;
  const bool descending_;
  std::size_t batch_;
  std::vector<store::Version> read_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

// Within a type every id is another, so that nothing below it can matter; several types may share one.
bool Sorter::walk_ids(const DocumentSet& set, std::size_t depth, store::Document after) {
  const bool descending = query_.sort[depth].descending != backward_;
  std::string from;
  if (after != 0) from = store_.at(after).value_or(store::Version{}).id;
  std::vector<IdWalk> walks;
  walks.reserve(query_.types.size());
  for (const model::TypeId type : query_.types) {
    walks.emplace_back(store_, type, from, descending, query_.types.size() == 1 ? 256 : 16);
  }
  const auto in_set = [&](store::Document document) {
    const auto position = execution_.segment_of(document);
    if (!position || set.parts[*position].count == 0) return false;
    const SegmentMatches& part = set.parts[*position];
    return part.holds(static_cast<std::uint32_t>(document - part.segment->base()));
  };
  std::string id;
  std::vector<store::Document> group;  // of that id
  for (std::size_t steps = 1;; ++steps) {
    if (steps % 256 == 0) execution_.deadline().check();
    const store::Version* next = nullptr;
    for (IdWalk& walk : walks) {
      const store::Version* head = walk.head();
      if (head != nullptr && (next == nullptr || (descending ? head->id > next->id : head->id < next->id))) next = head;
    }
    if (next == nullptr) return false;
    id = next->id;
    group.clear();
    for (IdWalk& walk : walks) {
      const store::Version* head = walk.head();
      if (head == nullptr || head->id != id) continue;
      const auto then =
          head->document <= execution_.moment() ? std::optional(*head) : store_.as_of(head->type, id, execution_.moment());
      if (then && in_set(then->document)) group.push_back(then->document);
      walk.pop();
    }
    if (group.size() == 1) {
      if (group.front() != after && emit(group.front())) return true;
    } else if (!group.empty()) {
      std::sort(group.begin(), group.end());
      if (sort_rows(group, depth + 1, id == from ? after : 0)) return true;
    }
  }
}

}  // namespace search
