#include "search/planner.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "search/planner_costs.h"

namespace search {
namespace {

std::uint32_t clipped(const Segment& segment, store::Document document) {
  if (document <= segment.base()) return 0;
  return static_cast<std::uint32_t>(std::min<store::Document>(document - segment.base(), segment.size()));
}

class Stopwatch {
 public:
  explicit Stopwatch(std::chrono::nanoseconds& sum) : sum_(sum), begin_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { sum_ += std::chrono::steady_clock::now() - begin_; }

 private:
  std::chrono::nanoseconds& sum_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

bool SegmentMatches::holds(std::uint32_t offset) const {
  return dense ? bits::test(words, offset) : std::binary_search(list.begin(), list.end(), offset);
}
void SegmentMatches::to_list() {
  if (!dense) return;
  list.clear();
  list.reserve(count);
  bits::each_up(words, 0, segment->size(), [&](std::uint32_t offset) {
    list.push_back(offset);
    return true;
  });
  words.clear();
  dense = false;
}
void SegmentMatches::to_words() {
  if (dense) return;
  words = bits::zeros(segment->size());
  for (const std::uint32_t offset : list) bits::set(words, offset);
  list.clear();
  dense = true;
}

namespace {

// The one term of every_document is the first.
AllDocuments all_documents(const Segment& segment, std::span<const model::TypeId> types) {
  AllDocuments out;
  const auto add = [&](model::TypeId type) {
    const int slot = segment.slot({type, every_document});
    if (slot >= 0) out.push_back({type, {slot, 0}, segment.count(slot, {0, 1})});
  };
  if (types.size() == 1) {
    add(types.front());
    return out;
  }
  std::vector<model::TypeId> here;
  for (const model::TypeId type : segment.types()) {
    if (std::binary_search(types.begin(), types.end(), type)) here.push_back(type);
  }
  std::sort(here.begin(), here.end());
  for (const model::TypeId type : here) add(type);
  return out;
}

}  // namespace

SegmentPlan::SegmentPlan(const Frame& frame, const Segment& segment)
    : frame_(frame), segment_(segment), everything_(all_documents(segment, frame.types)) {
  const Stopwatch watch(spent_);
  for (const TypeDocuments& each : everything_) everything_count_ += each.count;
  bound_ = segment.base() > frame.moment ? 0 : everything_count_;
  conditions_.reserve(frame.conditions.size());
  for (const Resolved& resolved : frame.conditions) {
    if (bound_ == 0) return;
    frame.deadline.check();
    BoundCondition condition(frame, segment, resolved, everything_);
    const auto met =
        std::find_if(conditions_.begin(), conditions_.end(), [&](BoundCondition& earlier) { return earlier.meet(condition); });
    bound_ = std::min(bound_, met != conditions_.end() ? met->documents() : condition.documents());
    if (met == conditions_.end()) conditions_.push_back(std::move(condition));
  }
  std::stable_sort(conditions_.begin(), conditions_.end(),
                   [](const BoundCondition& a, const BoundCondition& b) { return a.pass() < b.pass(); });
  for (BoundCondition& condition : conditions_) {
    if (condition.positive() && narrowest_ == nullptr) narrowest_ = &condition;
  }
}

double SegmentPlan::estimate() const {
  double matches = bound_ == 0 ? 0 : static_cast<double>(everything_count_);
  for (const BoundCondition& condition : conditions_) matches *= condition.pass();
  return std::min(matches, static_cast<double>(bound_));
}

bool SegmentPlan::admits(std::uint32_t offset) {
  const store::Document document = segment_.base() + offset;
  if (document > frame_.moment || !frame_.view.alive_at(document, frame_.moment)) return false;
  if (++checked_ % 256 == 0) frame_.deadline.check();
  for (BoundCondition& condition : conditions_) {
    if (&condition != driver_ && !condition.holds(offset)) return false;
  }
  return true;
}

// True if the postings or the page are exhausted, false if the budget is; `below` is then where it stopped.
bool SegmentPlan::stream(std::span<const TermPlace> terms, std::uint64_t budget, std::uint32_t& below, std::size_t limit,
                         std::vector<std::uint32_t>& out) {
  TermStream stream(segment_, terms, below);
  std::uint32_t batch[256];
  std::size_t size = 32;
  for (std::uint64_t taken = 0; taken < budget;) {
    const std::size_t got = stream.next(std::span(batch, size));
    for (std::size_t i = 0; i < got; ++i) {
      below = batch[i];
      if (!admits(batch[i])) continue;
      out.push_back(batch[i]);
      if (out.size() == limit) return true;
    }
    if (got < size) return true;
    taken += got;
    size = std::size(batch);
  }
  return false;
}

void SegmentPlan::newest(std::uint32_t below, std::size_t limit, std::vector<std::uint32_t>& out) {
  below = std::min({below, segment_.size(), clipped(segment_, frame_.moment + 1)});
  if (bound_ == 0 || below == 0 || out.size() >= limit) return;
  const Stopwatch watch(spent_);
  const std::size_t before = out.size();
  if (!matches_) {
    const double wanted = static_cast<double>(limit - out.size());
    const auto all = static_cast<double>(everything_count_);
    const double checks = check_cost * static_cast<double>(std::max<std::size_t>(conditions_.size(), 1));
    // Of each condition's documents the others pass so many:
    const double matched = std::max(estimate(), 1e-9);
    const double listing = narrowest_ == nullptr
                               ? 1e18
                               : narrowest_->unite_cost(0) + static_cast<double>(narrowest_->documents()) * candidate_cost +
                                     std::min(static_cast<double>(narrowest_->documents()),
                                              wanted * static_cast<double>(narrowest_->documents()) / matched) *
                                         checks;
    double uniting = unite_start + all * 0.05 + static_cast<double>(segment_.size() / 64) * word_cost;
    for (const BoundCondition& condition : conditions_) uniting += condition.unite_cost(segment_.size() / 64);

    const BoundCondition* source = nullptr;
    for (const BoundCondition& condition : conditions_) {
      if (condition.streams()) {
        source = &condition;
        break;  // they ascend by documents
      }
    }
    const double length = source != nullptr ? static_cast<double>(source->documents()) : all;
    const double expected = std::min(length, wanted * length / matched);
    const double streaming = expected * (candidate_cost + checks);
    if (streaming <= listing && streaming <= uniting) {
      std::vector<TermPlace> terms;
      if (source != nullptr) terms = source->terms();
      for (std::size_t i = 0; i < everything_.size() && source == nullptr; ++i) terms.push_back(everything_[i].term);
      const auto budget = static_cast<std::uint64_t>(std::max(512.0, 4 * uniting / (candidate_cost + checks)));
      ways_ += fmt::format(" stream[{}]", source != nullptr ? source->label() : "newest of the " + types());
      driver_ = source;
      const bool done = stream(terms, budget, below, limit, out);
      driver_ = nullptr;
      if (done) {
        found_ += out.size() - before;
        return;
      }
    } else if (listing <= uniting || listed_) {
      if (!listed_) {
        narrowest_->append_offsets(candidates_);
        listed_ = true;
        ways_ += fmt::format(" list[{}] of {}", narrowest_->label(), candidates_.size());
      }
      driver_ = narrowest_;
      auto at = std::lower_bound(candidates_.begin(), candidates_.end(), below);
      while (at != candidates_.begin() && out.size() < limit) {
        --at;
        if (admits(*at)) out.push_back(*at);
      }
      driver_ = nullptr;
      found_ += out.size() - before;
      return;
    }
    evaluate();
  }
  matches_->each_down(0, below, [&](std::uint32_t offset) {
    out.push_back(offset);
    return out.size() < limit;
  });
  found_ += out.size() - before;
}

const SegmentMatches& SegmentPlan::matches() {
  if (!matches_) {
    const Stopwatch watch(spent_);
    evaluate();
    found_ += matches_->count;
  }
  return *matches_;
}

SegmentMatches SegmentPlan::take_matches() {
  matches();
  SegmentMatches part = std::move(*matches_);
  matches_.reset();
  return part;
}

void SegmentPlan::evaluate() {
  SegmentMatches& part = matches_.emplace();
  part.segment = &segment_;
  if (bound_ == 0) return;
  const std::size_t words = segment_.size() / 64 + 1;
  const std::uint32_t end = clipped(segment_, frame_.moment + 1);
  double uniting = static_cast<double>(words) * word_cost;
  for (const BoundCondition& condition : conditions_) uniting += condition.unite_cost(words);
  std::size_t left = conditions_.size();  // conditions not yet applied
  if (narrowest_ != nullptr) {
    --left;
    const double listing = narrowest_->unite_cost(0) + static_cast<double>(narrowest_->documents()) *
                                                           (candidate_cost + check_cost * static_cast<double>(left));
    if (listing <= uniting) {
      if (!listed_) narrowest_->append_offsets(candidates_);
      listed_ = true;
      ways_ += fmt::format(" list[{}] of {}", narrowest_->label(), candidates_.size());
      driver_ = narrowest_;
      for (const std::uint32_t offset : candidates_) {
        if (offset < end && admits(offset)) part.list.push_back(offset);
      }
      driver_ = nullptr;
      part.count = part.list.size();
      return;
    }
  }
  part.dense = true;
  part.words = bits::zeros(segment_.size());
  if (narrowest_ != nullptr) {
    part.words = bits::ones(segment_.size());
    narrowest_->restrict(part.words);
    ways_ += fmt::format(" unite[{}]", narrowest_->label());
  } else {
    for (const TypeDocuments& each : everything_) {
      segment_.unite(each.term.slot, {each.term.ordinal, each.term.ordinal + 1}, part.words);
    }
    ways_ += fmt::format(" unite[all of the {}]", types());
  }
  frame_.view.restrict_alive(segment_, frame_.moment, part.words);
  for (BoundCondition& condition : conditions_) {
    if (&condition == narrowest_) continue;
    if (part.dense) part.count = bits::count(part.words);
    if (static_cast<double>(part.count) * check_cost < condition.unite_cost(words)) {
      part.to_list();
      checked_ += part.list.size();
      std::erase_if(part.list, [&](std::uint32_t offset) { return !condition.holds(offset); });
      part.count = part.list.size();
      ways_ += fmt::format(" check[{}]", condition.label());
    } else {
      part.to_words();
      condition.restrict(part.words);
      ways_ += fmt::format(" unite[{}]", condition.label());
    }
  }
  part.count = part.dense ? bits::count(part.words) : part.list.size();
}

std::string SegmentPlan::types() const { return everything_.size() == 1 ? "type" : fmt::format("{} types", everything_.size()); }

std::string SegmentPlan::report() const {
  std::string text = fmt::format("  documents {}..{}: at most {} of {}", segment_.base(), segment_.base() + segment_.size(),
                                 bound_, everything_count_);
  text += fmt::format(";{} checked {}, found {}, {:.1f} us", ways_.empty() ? " nothing to do," : ways_ + ",", checked_, found_,
                      static_cast<double>(spent_.count()) / 1000);
  for (const BoundCondition& condition : conditions_) {
    text += fmt::format("\n    {}: at most {}", condition.label(), condition.documents());
  }
  return text;
}

}  // namespace search
