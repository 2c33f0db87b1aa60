#include "search/planner_clause.h"

#include <algorithm>

namespace search {
namespace {

constexpr std::uint64_t few_terms = 16;  // more of them are united as a bitmap: one block decoded serves many

}  // namespace

BoundClause::BoundClause(const Segment& segment, const Clause& clause, const Deadline& deadline)
    : segment_(&segment), deadline_(&deadline), slot_(segment.slot(clause.key)) {
  if (slot_ < 0) return;
  parts_.reserve(clause.scans.size());
  std::size_t steps = 0;
  for (const Scan& scan : clause.scans) {
    if (++steps % 256 == 0) deadline.check();
    const Ordinals range = segment.find(slot_, scan);
    if (range.first >= range.last) continue;
    parts_.push_back({range, scan.predicate && *scan.predicate ? scan.predicate.get() : nullptr});
    predicated_ = predicated_ || parts_.back().predicate != nullptr;
  }
  settle();
}

void BoundClause::settle() {
  if (!predicated_ && parts_.size() > 1) {
    std::sort(parts_.begin(), parts_.end(), [](const Selected& a, const Selected& b) { return a.range.first < b.range.first; });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < parts_.size(); ++i) {
      if (parts_[i].range.first <= parts_[kept].range.last) {
        parts_[kept].range.last = std::max(parts_[kept].range.last, parts_[i].range.last);
      } else {
        parts_[++kept] = parts_[i];
      }
    }
    parts_.resize(kept + 1);
  }
  terms_ = postings_ = 0;
  for (const Selected& part : parts_) {
    terms_ += part.range.last - part.range.first;
    postings_ += segment_->count(slot_, part.range);
  }
}

bool BoundClause::meet(const BoundClause& other) {
  constexpr std::size_t most_pairs = 1024;
  if (slot_ < 0 || slot_ != other.slot_ || !segment_->single_valued(slot_)) return false;
  if (parts_.size() * other.parts_.size() > most_pairs) return false;
  const auto holds_presence = [](const Selected& part) { return part.range.first == 0; };
  if (std::any_of(parts_.begin(), parts_.end(), holds_presence)) return false;
  if (std::any_of(other.parts_.begin(), other.parts_.end(), holds_presence)) return false;
  std::vector<Selected> both;
  bool predicated = false;
  for (const Selected& a : parts_) {
    for (const Selected& b : other.parts_) {
      const Ordinals range{std::max(a.range.first, b.range.first), std::min(a.range.last, b.range.last)};
      if (range.first >= range.last) continue;
      const TermPredicate* all[4] = {};
      std::size_t count = 0;
      for (const TermPredicate* p : {a.predicate, a.second, b.predicate, b.second}) {
        if (p != nullptr) all[count++] = p;
      }
      if (count > 2) return false;
      both.push_back({range, all[0], all[1]});
      predicated = predicated || count != 0;
    }
  }
  parts_ = std::move(both);
  predicated_ = predicated;
  settle();
  return true;
}

std::optional<std::uint32_t> BoundClause::single_term() const {
  if (terms_ != 1 || predicated_) return std::nullopt;
  return parts_[0].range.first;
}

bool BoundClause::selects(std::uint32_t ordinal) {
  const auto covers = [&](const Selected& part) { return part.range.first <= ordinal && ordinal < part.range.last; };
  if (!predicated_) {
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), ordinal,
                                        [](std::uint32_t o, const Selected& part) { return o < part.range.first; });
    return after != parts_.begin() && covers(*(after - 1));
  }
  const auto [known, fresh] = known_.try_emplace(ordinal, false);
  if (!fresh) return known->second;
  deadline_->check();
  term_.clear();
  for (const Selected& part : parts_) {
    if (!covers(part)) continue;
    if (part.predicate != nullptr && term_.empty()) segment_->append_term(slot_, ordinal, term_);
    if (part.predicate == nullptr || part.takes(term_)) {
      known->second = true;
      break;
    }
  }
  return known->second;
}

bool BoundClause::holds(std::uint32_t offset) {
  if (parts_.empty()) return false;
  if (!segment_->has_column(slot_)) {
    if (terms_ <= few_terms && !predicated_) {
      for (const Selected& part : parts_) {
        for (std::uint32_t o = part.range.first; o < part.range.last; ++o) {
          if (segment_->contains(slot_, o, offset)) return true;
        }
      }
      return false;
    }
    if (!united_) {
      bits::Words words = bits::zeros(segment_->size());
      unite(words);
      united_ = std::move(words);
    }
    return bits::test(*united_, offset);
  }
  scratch_.clear();
  segment_->ordinals_of(slot_, offset, scratch_);
  return std::any_of(scratch_.begin(), scratch_.end(), [&](std::uint32_t ordinal) { return selects(ordinal); });
}

void BoundClause::resolve() {
  if (!predicated_) return;
  std::vector<Selected> plain;
  std::size_t steps = 0;
  for (const Selected& part : parts_) {
    if (part.predicate == nullptr) {
      plain.push_back(part);
      continue;
    }
    deadline_->check();
    Ordinals run;
    segment_->each_term(slot_, part.range, [&](std::uint32_t ordinal, std::string_view term, std::uint32_t) {
      if (++steps % 1024 == 0) deadline_->check();
      if (part.takes(term)) {
        if (run.first == run.last || run.last != ordinal) {
          if (run.first != run.last) plain.push_back({run, nullptr});
          run.first = ordinal;
        }
        run.last = ordinal + 1;
      }
      return true;
    });
    if (run.first != run.last) plain.push_back({run, nullptr});
  }
  parts_ = std::move(plain);
  predicated_ = false;
  settle();
}

void BoundClause::unite(std::span<std::uint64_t> bitmap) {
  resolve();
  for (const Selected& part : parts_) segment_->unite(slot_, part.range, bitmap);
}

void BoundClause::append_offsets(std::vector<std::uint32_t>& out) {
  resolve();
  if (terms_ > few_terms) {
    bits::Words words = bits::zeros(segment_->size());
    for (const Selected& part : parts_) segment_->unite(slot_, part.range, words);
    bits::each_up(words, 0, segment_->size(), [&](std::uint32_t offset) {
      out.push_back(offset);
      return true;
    });
    return;
  }
  for (const Selected& part : parts_) {
    for (std::uint32_t o = part.range.first; o < part.range.last; ++o) segment_->postings(slot_, o, out);
  }
  if (terms_ > 1) {
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
}

}  // namespace search
