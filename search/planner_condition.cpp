#include "search/planner_condition.h"

#include <algorithm>

#include "search/planner_costs.h"

namespace search {
namespace {

constexpr std::uint64_t few_offsets = 4096;  // postings of several parts: up to so many are sorted, more united as bits

std::uint32_t clipped(const Segment& segment, store::Document document) {
  if (document <= segment.base()) return 0;
  return static_cast<std::uint32_t>(std::min<store::Document>(document - segment.base(), segment.size()));
}

}  // namespace

BoundCondition::BoundCondition(const Frame& frame, const Segment& segment, const Resolved& resolved, const AllDocuments& all)
    : segment_(&segment), resolved_(&resolved), positive_(resolved.condition->positive()) {
  const Condition& condition = *resolved.condition;
  types_ = all.size();
  for (const TypeDocuments& each : all) all_count_ += each.count;
  const auto first = std::lower_bound(resolved.documents.begin(), resolved.documents.end(), segment.base());
  for (auto at = first; at != resolved.documents.end() && *at < segment.base() + segment.size(); ++at)
    own_offsets_.push_back(static_cast<std::uint32_t>(*at - segment.base()));
  std::uint64_t likely = 0;
  switch (condition.kind) {
    case Condition::Kind::terms: {
      if (all.size() == 1) parts_.reserve(condition.any.size());
      auto type = all.begin();
      for (const Clause& clause : condition.any) {
        while (type != all.end() && type->type < clause.key.type) ++type;
        if (type == all.end()) break;
        if (type->type == clause.key.type)
          parts_.push_back({BoundClause(segment, clause, frame.deadline), *type, clause.negated});
      }
      measure();
      return;
    }
    case Condition::Kind::id:
      documents_ = likely = condition.negated ? all_count_ : own_offsets_.size();
      break;
    case Condition::Kind::last_updated:
      for (const auto& [from, to] : resolved.ranges) documents_ += clipped(segment, to) - clipped(segment, from);
      likely = segment.size() == 0 ? 0 : all_count_ * documents_ / segment.size();
      break;
  }
  documents_ = std::min(documents_, all_count_);
  pass_ = all_count_ == 0 ? 0 : static_cast<double>(std::min(likely, all_count_)) / static_cast<double>(all_count_);
}

void BoundCondition::measure() {
  std::uint64_t likely = own_offsets_.size();
  documents_ = own_offsets_.size();
  for (const Part& part : parts_) {
    const std::uint64_t postings = std::min(part.clause.postings(), part.all.count);  // a document may have several of them
    documents_ += part.negated ? part.all.count : postings;
    likely += part.negated ? part.all.count - postings : postings;
  }
  documents_ = std::min(documents_, all_count_);
  pass_ = all_count_ == 0 ? 0 : static_cast<double>(std::min(likely, all_count_)) / static_cast<double>(all_count_);
}

bool BoundCondition::meet(const BoundCondition& other) {
  const auto plain = [](const BoundCondition& condition) {
    if (condition.resolved_->condition->kind != Condition::Kind::terms || !condition.own_offsets_.empty()) return false;
    for (std::size_t i = 0; i < condition.parts_.size(); ++i) {
      const auto& parts = condition.parts_;
      if (parts[i].negated || (i > 0 && parts[i].all.type == parts[i - 1].all.type)) return false;
    }
    return !condition.parts_.empty();
  };
  if (parts_.size() != other.parts_.size() || !plain(*this) || !plain(other)) return false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].all.type != other.parts_[i].all.type) return false;
  }
  // Where some parts meet and others do not, both conditions stay, and those parts are asked twice.
  bool all_met = true;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const bool nothing = parts_.size() > 1 && parts_[i].clause.empty();
    all_met = (nothing || parts_[i].clause.meet(other.parts_[i].clause)) && all_met;
  }
  measure();
  if (!all_met) return false;
  met_.push_back(other.resolved_);
  return true;
}

std::string BoundCondition::label() const {
  std::string text = resolved_->condition->label;
  for (const Resolved* other : met_) text += "&" + other->condition->label;
  return text;
}

double BoundCondition::unite_cost(std::size_t words) const {
  double cost = unite_start + static_cast<double>(words) * word_cost;
  for (const Part& part : parts_) {
    cost += static_cast<double>(part.clause.postings()) * posting_cost +
            static_cast<double>(part.clause.terms()) * (part.clause.predicated() ? predicate_cost : term_cost);
  }
  return cost;
}

bool BoundCondition::streams() const {
  if (!positive_ || resolved_->condition->kind != Condition::Kind::terms || !own_offsets_.empty()) return false;
  bool any = false;
  for (const Part& part : parts_) {
    if (part.clause.empty()) continue;
    if (!part.clause.single_term()) return false;
    any = true;
  }
  return any;
}

std::vector<TermPlace> BoundCondition::terms() const {
  std::vector<TermPlace> out;
  for (const Part& part : parts_) {
    if (const auto ordinal = part.clause.single_term()) out.push_back({part.clause.slot(), *ordinal});
  }
  return out;
}

bool BoundCondition::holds(std::uint32_t offset) {
  const Condition& condition = *resolved_->condition;
  const auto is_own = [&] { return std::binary_search(own_offsets_.begin(), own_offsets_.end(), offset); };
  switch (condition.kind) {
    case Condition::Kind::id:
      return is_own() != condition.negated;
    case Condition::Kind::last_updated: {
      const store::Document document = segment_->base() + offset;
      return std::any_of(resolved_->ranges.begin(), resolved_->ranges.end(),
                         [&](const auto& range) { return range.first <= document && document < range.second; });
    }
    case Condition::Kind::terms:
      break;
  }
  if (!own_offsets_.empty() && is_own()) return true;
  const bool several = parts_.size() > 1 && parts_.front().all.type != parts_.back().all.type;
  const model::TypeId type = several ? segment_->type_of(offset) : model::no_type;
  for (Part& part : parts_) {
    if (several && part.all.type != type) continue;
    if (part.clause.holds(offset) != part.negated) return true;
  }
  return false;
}

void BoundCondition::append_offsets(std::vector<std::uint32_t>& out) {
  if (resolved_->condition->kind == Condition::Kind::id) {
    out = own_offsets_;
    return;
  }
  if (parts_.size() == 1 && own_offsets_.empty()) return parts_.front().clause.append_offsets(out);
  if (documents_ <= few_offsets) {
    out = own_offsets_;
    std::vector<std::uint32_t> of_part;
    for (Part& part : parts_) {
      of_part.clear();
      part.clause.append_offsets(of_part);
      out.insert(out.end(), of_part.begin(), of_part.end());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return;
  }
  bits::Words words = bits::zeros(segment_->size());
  unite_parts(words);
  bits::each_up(words, 0, segment_->size(), [&](std::uint32_t offset) {
    out.push_back(offset);
    return true;
  });
}

// A negated clause holds for the documents of its type that its terms do not have.
void BoundCondition::unite_parts(bits::Words& words) {
  for (const std::uint32_t offset : own_offsets_) bits::set(words, offset);
  for (Part& part : parts_) {
    if (!part.negated) {
      part.clause.unite(words);
      continue;
    }
    bits::Words rest = bits::zeros(segment_->size()), excluded = bits::zeros(segment_->size());
    segment_->unite(part.all.term.slot, {part.all.term.ordinal, part.all.term.ordinal + 1}, rest);
    part.clause.unite(excluded);
    bits::and_not(rest, excluded);
    bits::or_with(words, rest);
  }
}

void BoundCondition::restrict(bits::Words& words) {
  const Condition& condition = *resolved_->condition;
  bits::Words mask = bits::zeros(segment_->size());
  switch (condition.kind) {
    case Condition::Kind::id:
      for (const std::uint32_t offset : own_offsets_) bits::set(mask, offset);
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
  // One negated clause for each type there: all that none of them excludes.
  const bool all_negated = std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.negated; });
  if (all_negated && types_ == parts_.size() && own_offsets_.empty()) {
    for (Part& part : parts_) part.clause.unite(mask);
    return bits::and_not(words, mask);
  }
  unite_parts(mask);
  bits::and_with(words, mask);
}

}  // namespace search
