#include "search/sort.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace search {

Sorter::Sorter(const Execution& execution, const Query& query, const store::Store& store)
    : execution_(execution), query_(query), store_(store) {
  for (const auto& segment : execution.segments()) all_ += segment->size();
}

std::vector<store::Document> Sorter::page(const DocumentSet& set, store::Document after, bool backward, std::size_t limit) {
  backward_ = backward;
  limit_ = limit;
  out_.clear();
  if (limit > 0) walk(set, 0, after);
  return std::move(out_);
}

// Sorting a set of n by its columns costs n look-ups; walking a dictionary costs about limit * all / n postings, four of which
// cost one look-up.
bool Sorter::few(std::uint64_t count) const {
  return count < 64 ||
         static_cast<double>(count) * static_cast<double>(count) * 4 < static_cast<double>(limit_) * static_cast<double>(all_);
}

bool Sorter::walk(const DocumentSet& set, std::size_t depth, store::Document after) {
  const std::uint64_t count = set.count();
  if (count == 0) return false;
  if (depth == query_.sort.size()) return emit_in_document_order(set, after);
  if (few(count)) {
    if (depth == 0) report_ += fmt::format("order: {} matches sorted by their columns\n", count);
    return sort_rows(set.documents(), depth, after);
  }
  if (depth == 0) report_ += fmt::format("order: sorted dictionaries walked, {} matches\n", count);
  switch (query_.sort[depth].kind) {
    case SortKey::Kind::id:
      return walk_ids(set, depth, after);
    case SortKey::Kind::last_updated:
      return walk_times(set, depth, after);
    case SortKey::Kind::parameter:
      break;
  }
  return walk_terms(set, depth, after);
}

bool Sorter::admitted(store::Document document) {
  return std::all_of(checks_.begin(), checks_.end(),
                     [&](const Check& check) { return value(document, check.depth) == *check.value; });
}

bool Sorter::emit(store::Document document) {
  if (!checks_.empty() && !admitted(document)) return false;
  out_.push_back(document);
  return out_.size() >= limit_;
}

bool Sorter::emit_in_document_order(const DocumentSet& set, store::Document after) {
  const bool up = query_.oldest_first != backward_;
  for (std::size_t i = 0; i < set.parts.size(); ++i) {
    const SegmentMatches& part = set.parts[up ? i : set.parts.size() - 1 - i];
    if (part.count == 0) continue;
    const store::Document base = part.segment->base();
    std::uint32_t from = 0, to = part.segment->size();
    if (after != 0) {
      const auto offset = [&](store::Document document) {
        return document <= base ? 0
                                : static_cast<std::uint32_t>(std::min<store::Document>(document - base, part.segment->size()));
      };
      (up ? from : to) = offset(up ? after + 1 : after);
    }
    const auto take = [&](std::uint32_t found) { return !emit(base + found); };
    if (!(up ? part.each_up(from, to, take) : part.each_down(from, to, take))) return true;
  }
  return false;
}

bool Sorter::sort_rows(const std::vector<store::Document>& documents, std::size_t depth, store::Document after) {
  const std::size_t depths = query_.sort.size();
  std::vector<store::Document> wanted;
  wanted.reserve(documents.size() + 1);
  for (const store::Document document : documents) {
    if (checks_.empty() || admitted(document)) wanted.push_back(document);
  }
  if (depth < depths) wanted = narrowed(wanted, depth, after, limit_ - out_.size());  // else only documents decide
  std::vector<Row> rows(wanted.size());
  std::optional<Row> from;
  if (after != 0) from.emplace();
  std::vector<const std::string*> column;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].document = wanted[i];
  for (std::size_t d = depth; d < depths; ++d) {
    values(wanted, d, column);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].values.push_back(column[i]);
    if (from) {
      values({after}, d, column);
      from->values.push_back(column[0]);
    }
  }
  if (from) from->document = after;
  const auto before = [&](const Row& a, const Row& b) {
    const Row& x = backward_ ? b : a;
    const Row& y = backward_ ? a : b;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      const std::string* p = x.values[i];
      const std::string* q = y.values[i];
      if (p == q) continue;
      if (p == nullptr || q == nullptr) return q == nullptr;
      if (const int order = p->compare(*q); order != 0) return query_.sort[depth + i].descending ? order > 0 : order < 0;
    }
    return query_.oldest_first ? x.document < y.document : x.document > y.document;
  };
  if (from) std::erase_if(rows, [&](const Row& row) { return !before(*from, row); });
  const std::size_t room = std::min(rows.size(), limit_ - out_.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(room), rows.end(), before);
  for (std::size_t i = 0; i < room; ++i) out_.push_back(rows[i].document);
  return out_.size() >= limit_;
}

// Versions of one instant are adjacent documents: a group is a range.
bool Sorter::walk_times(const DocumentSet& set, std::size_t depth, store::Document after) {
  const bool up = ascending(depth);
  const auto clip = [&](store::Document from, store::Document to) {  // the set's documents of [from, to)
    DocumentSet out;
    out.parts.resize(set.parts.size());
    for (std::size_t i = 0; i < set.parts.size(); ++i) {
      const SegmentMatches& part = set.parts[i];
      if (part.count == 0 || part.segment->base() >= to || part.segment->base() + part.segment->size() <= from) continue;
      SegmentMatches& kept = out.parts[i];
      kept.segment = part.segment;
      const store::Document base = part.segment->base();
      const auto low = static_cast<std::uint32_t>(from > base ? from - base : 0);
      const auto high = static_cast<std::uint32_t>(std::min<store::Document>(to - base, part.segment->size()));
      part.each_up(low, high, [&](std::uint32_t offset) {
        kept.list.push_back(offset);
        return true;
      });
      kept.count = kept.list.size();
    }
    return out;
  };
  const auto next_from = [&](store::Document at) -> store::Document {  // the next of the set beyond `at`; 0: none
    store::Document found = 0;
    for (std::size_t i = 0; i < set.parts.size() && found == 0; ++i) {
      const SegmentMatches& part = set.parts[up ? i : set.parts.size() - 1 - i];
      if (part.count == 0) continue;
      const store::Document base = part.segment->base(), end = base + part.segment->size();
      const auto take = [&](std::uint32_t offset) {
        found = base + offset;
        return false;
      };
      if (up && end > at) part.each_up(at > base ? static_cast<std::uint32_t>(at - base) : 0, part.segment->size(), take);
      if (!up && base < at) part.each_down(0, static_cast<std::uint32_t>(std::min(at, end) - base), take);
    }
    return found;
  };
  store::Document at = up ? 1 : execution_.moment() + 1;
  for (store::Document document = after != 0 ? after : next_from(at); document != 0; document = next_from(at)) {
    const auto version = store_.at(document);
    if (!version) {  // erased this moment
      at = up ? document + 1 : document;
      continue;
    }
    const store::Document from = store_.first_since(version->last_updated), to = store_.first_since(version->last_updated + 1);
    if (walk(clip(from, to), depth + 1, document == after ? after : 0)) return true;
    at = up ? to : from;
    if (!up && at <= 1) break;
  }
  return false;
}

}  // namespace search
