#include "search/planner.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace search {
namespace {

// Costs in ns, measured on segments of a million documents (README.md, "Planning"): only their ratios matter.
constexpr double check_cost = 80;      // one condition of one document, by column
constexpr double candidate_cost = 8;   // to take a posting and ask whether it is alive
constexpr double posting_cost = 1.5;   // to unite one
constexpr double term_cost = 4;        // to pass over one
constexpr double predicate_cost = 40;  // to pass over one and ask
constexpr double word_cost = 0.3;
constexpr double unite_start = 400;  // to set a bitmap up and read it

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

BoundCondition::BoundCondition(const Frame& frame, const Segment& segment, const Resolved& resolved, std::uint64_t all)
    : segment_(&segment), resolved_(&resolved), positive_(resolved.condition->positive()) {
  const Condition& condition = *resolved.condition;
  std::uint64_t others = 0, likely = 0;
  switch (condition.kind) {
    case Condition::Kind::terms:
      clauses_.reserve(condition.any.size());
      for (const Clause& clause : condition.any) {
        clauses_.emplace_back(segment, clause, frame.deadline);
        const std::uint64_t postings = std::min(clauses_.back().postings(), all);
        documents_ += clause.negated ? all : postings;  // a document may have several of the postings
        likely += clause.negated ? all - postings : postings;
      }
      break;
    case Condition::Kind::id:
      for (const store::Document document : resolved.documents) {
        if (document >= segment.base() && document < segment.base() + segment.size()) ++others;
      }
      documents_ = condition.negated ? all : others;
      likely = documents_;
      break;
    case Condition::Kind::last_updated:
      for (const auto& [from, to] : resolved.ranges) documents_ += clipped(segment, to) - clipped(segment, from);
      likely = segment.size() == 0 ? 0 : all * documents_ / segment.size();
      break;
  }
  documents_ = std::min(documents_, all);
  pass_ = all == 0 ? 0 : static_cast<double>(std::min(likely, all)) / static_cast<double>(all);
}

bool BoundCondition::meet(const BoundCondition& other, std::uint64_t all) {
  const auto plain = [](const Condition& condition) {
    return condition.kind == Condition::Kind::terms && condition.any.size() == 1 && !condition.any[0].negated;
  };
  if (!plain(*resolved_->condition) || !plain(*other.resolved_->condition) || !clauses_[0].meet(other.clauses_[0])) return false;
  met_.push_back(other.resolved_);
  documents_ = std::min(clauses_[0].postings(), all);
  pass_ = all == 0 ? 0 : static_cast<double>(documents_) / static_cast<double>(all);
  return true;
}

std::string BoundCondition::label() const {
  std::string text = resolved_->condition->label;
  for (const Resolved* other : met_) text += "&" + other->condition->label;
  return text;
}

double BoundCondition::unite_cost(std::size_t words) const {
  double cost = unite_start + static_cast<double>(words) * word_cost;
  for (const BoundClause& clause : clauses_) {
    cost += static_cast<double>(clause.postings()) * posting_cost +
            static_cast<double>(clause.terms()) * (clause.predicated() ? predicate_cost : term_cost);
  }
  return cost;
}

std::optional<std::pair<int, std::uint32_t>> BoundCondition::single_term() const {
  if (!positive_ || clauses_.size() != 1) return std::nullopt;
  const auto ordinal = clauses_[0].single_term();
  if (!ordinal) return std::nullopt;
  return std::pair{clauses_[0].slot(), *ordinal};
}

bool BoundCondition::holds(std::uint32_t offset) {
  const Condition& condition = *resolved_->condition;
  const store::Document document = segment_->base() + offset;
  switch (condition.kind) {
    case Condition::Kind::id:
      return std::binary_search(resolved_->documents.begin(), resolved_->documents.end(), document) != condition.negated;
    case Condition::Kind::last_updated:
      return std::any_of(resolved_->ranges.begin(), resolved_->ranges.end(),
                         [&](const auto& range) { return range.first <= document && document < range.second; });
    case Condition::Kind::terms:
      break;
  }
  for (std::size_t i = 0; i < clauses_.size(); ++i) {
    if (clauses_[i].holds(offset) != condition.any[i].negated) return true;
  }
  return false;
}

void BoundCondition::append_offsets(std::vector<std::uint32_t>& out) {
  if (resolved_->condition->kind == Condition::Kind::id) {
    for (const store::Document document : resolved_->documents) {
      if (document >= segment_->base() && document < segment_->base() + segment_->size()) {
        out.push_back(static_cast<std::uint32_t>(document - segment_->base()));
      }
    }
    return;
  }
  if (clauses_.size() == 1) return clauses_[0].append_offsets(out);
  bits::Words words = bits::zeros(segment_->size());
  for (BoundClause& clause : clauses_) clause.unite(words);
  bits::each_up(words, 0, segment_->size(), [&](std::uint32_t offset) {
    out.push_back(offset);
    return true;
  });
}

void BoundCondition::restrict(bits::Words& words) {
  const Condition& condition = *resolved_->condition;
  bits::Words mask = bits::zeros(segment_->size());
  switch (condition.kind) {
    case Condition::Kind::id:
      for (const store::Document document : resolved_->documents) {
        if (document >= segment_->base() && document < segment_->base() + segment_->size()) {
          bits::set(mask, static_cast<std::uint32_t>(document - segment_->base()));
        }
      }
      return condition.negated ? bits::and_not(words, mask) : bits::and_with(words, mask);
    case Condition::Kind::last_updated:
      for (const auto& [from, to] : resolved_->ranges) {
        bits::Words range = bits::ones(segment_->size());
        bits::keep(range, clipped(*segment_, from), clipped(*segment_, to));
        bits::or_with(mask, range);
      }
      return bits::and_with(words, mask);
    case Condition::Kind::terms:
      break;
  }
  if (clauses_.size() == 1) {
    clauses_[0].unite(mask);
    return condition.any[0].negated ? bits::and_not(words, mask) : bits::and_with(words, mask);
  }
  for (std::size_t i = 0; i < clauses_.size(); ++i) {
    if (!condition.any[i].negated) {
      clauses_[i].unite(mask);
      continue;
    }
    bits::Words excluded = bits::zeros(segment_->size());
    clauses_[i].unite(excluded);
    for (std::size_t w = 0; w < mask.size(); ++w) mask[w] |= ~excluded[w];
  }
  bits::and_with(words, mask);
}

SegmentPlan::SegmentPlan(const Frame& frame, const Segment& segment)
    : frame_(frame), segment_(segment), everything_(segment, frame.everything, frame.deadline) {
  const Stopwatch watch(spent_);
  const std::uint64_t all = everything_.postings();
  bound_ = segment.base() > frame.moment ? 0 : all;
  conditions_.reserve(frame.conditions.size());
  for (const Resolved& resolved : frame.conditions) {
    if (bound_ == 0) return;
    BoundCondition condition(frame, segment, resolved, all);
    const auto met = std::find_if(conditions_.begin(), conditions_.end(),
                                  [&](BoundCondition& earlier) { return earlier.meet(condition, all); });
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
  double matches = bound_ == 0 ? 0 : static_cast<double>(everything_.postings());
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
bool SegmentPlan::stream(int slot, std::uint32_t ordinal, std::uint64_t budget, std::uint32_t& below, std::size_t limit,
                         std::vector<std::uint32_t>& out) {
  std::uint32_t batch[256];
  std::size_t size = 32;
  for (std::uint64_t taken = 0; taken < budget;) {
    const std::size_t got = segment_.newest(slot, ordinal, below, std::span(batch, size));
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
    const auto all = static_cast<double>(everything_.postings());
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
      if (condition.single_term()) {
        source = &condition;
        break;  // they ascend by documents
      }
    }
    const double length = source != nullptr ? static_cast<double>(source->documents()) : all;
    const double expected = std::min(length, wanted * length / matched);
    const double streaming = expected * (candidate_cost + checks);
    if (streaming <= listing && streaming <= uniting) {
      const auto term = source != nullptr ? source->single_term() : std::nullopt;
      const auto every = everything_.single_term();
      const auto budget = static_cast<std::uint64_t>(std::max(512.0, 4 * uniting / (candidate_cost + checks)));
      ways_ += fmt::format(" stream[{}]", source != nullptr ? source->label() : "newest of the type");
      driver_ = source;
      const bool done = term ? stream(term->first, term->second, budget, below, limit, out)
                             : stream(everything_.slot(), *every, budget, below, limit, out);
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
    everything_.unite(part.words);
    ways_ += " unite[all of the type]";
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

std::string SegmentPlan::report() const {
  std::string text = fmt::format("  documents {}..{}: at most {} of {}", segment_.base(), segment_.base() + segment_.size(),
                                 bound_, everything_.postings());
  text += fmt::format(";{} checked {}, found {}, {:.1f} us", ways_.empty() ? " nothing to do," : ways_ + ",", checked_, found_,
                      static_cast<double>(spent_.count()) / 1000);
  for (const BoundCondition& condition : conditions_) {
    text += fmt::format("\n    {}: at most {}", condition.label(), condition.documents());
  }
  return text;
}

}  // namespace search
