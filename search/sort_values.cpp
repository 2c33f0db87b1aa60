#include <algorithm>

#include "search/sort.h"

namespace search {
namespace {

std::string big_endian(std::int64_t value) {
  const std::uint64_t bits = static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63;
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
  return out;
}

// The first term from `at` on that has a sort key; the end if none does. Among a string's values stand "further" terms, which do
// not sort.
std::uint32_t first_sorting(const Segment& segment, int slot, std::uint32_t at, const SortKey& key) {
  std::uint32_t found = segment.term_count(slot);
  segment.each_term(slot, {at, found}, [&](std::uint32_t ordinal, std::string_view term, std::uint32_t) {
    if (sort_key(key.type, term, key.descending).empty()) return true;
    found = ordinal;
    return false;
  });
  return found;
}

}  // namespace

std::uint32_t first_at_least(const Segment& segment, int slot, std::string low) {
  const Ordinals range = segment.find(slot, Scan{std::move(low), {}, {}, false});
  return range.first < range.last ? range.first : segment.term_count(slot);
}

std::vector<TermRun> term_runs(const Segment& segment, int slot, const SortKey& key) {
  std::vector<TermRun> runs;
  const std::uint32_t end = segment.term_count(slot);
  const auto first_from = [&](std::string low) { return low.empty() ? end : first_at_least(segment, slot, std::move(low)); };
  std::string term;
  for (std::uint32_t at = 0; at < end;) {
    if (key.type == model::ParameterType::string) at = first_sorting(segment, slot, at, key);
    if (at >= end) break;
    term.clear();
    segment.append_term(slot, at, term);
    const std::string_view value = term.empty() ? std::string_view() : sort_key(key.type, term, key.descending);
    if (value.empty()) {  // kinds of term sort whole or not at all, but for strings'
      at = std::max(at + 1, term.empty() ? at + 1 : first_from(after_prefix(term.substr(0, 1))));
      continue;
    }
    TermRun run{term.substr(0, static_cast<std::size_t>(value.data() - term.data())), {}};
    run.range = {at, std::max(at + 1, first_from(after_prefix(run.prefix)))};
    at = run.range.last;
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<int> Sorter::slots(const Segment& segment, std::size_t depth) const {
  std::vector<int> out;
  const auto& parameters = query_.sort[depth].parameters;
  for (std::size_t i = 0; i < query_.types.size(); ++i) {
    const int slot = segment.slot({query_.types[i], parameters[i]});
    if (slot >= 0) out.push_back(slot);
  }
  return out;
}

// The best values of many documents: each distinct term is read once.
void Sorter::values(const std::vector<store::Document>& documents, std::size_t depth, std::vector<const std::string*>& out) {
  const SortKey& key = query_.sort[depth];
  out.assign(documents.size(), nullptr);
  if (key.kind != SortKey::Kind::parameter) {
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const auto version = store_.at(documents[i]);
      if (!version) continue;
      out[i] = &texts_.emplace_back(key.kind == SortKey::Kind::id ? version->id : big_endian(version->last_updated));
    }
    return;
  }
  struct Pair {
    std::uint32_t ordinal;
    std::uint32_t row;
  };
  std::vector<Pair> pairs;
  std::vector<std::uint32_t> ordinals;
  std::string term;
  for (std::size_t begin = 0; begin < documents.size();) {  // a segment's documents stand together: they ascend
    const auto position = execution_.segment_of(documents[begin]);
    if (!position) {
      ++begin;
      continue;
    }
    const Segment& segment = *execution_.segments()[*position];
    std::size_t end = begin;
    while (end < documents.size() && documents[end] < segment.base() + segment.size()) ++end;
    execution_.deadline().check();
    for (const int slot : slots(segment, depth)) {
      pairs.clear();
      for (std::size_t i = begin; i < end; ++i) {
        ordinals.clear();
        segment.ordinals_of(slot, static_cast<std::uint32_t>(documents[i] - segment.base()), ordinals);
        for (const std::uint32_t ordinal : ordinals) pairs.push_back({ordinal, static_cast<std::uint32_t>(i)});
      }
      std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.ordinal < b.ordinal; });
      for (std::size_t i = 0; i < pairs.size();) {
        term.clear();
        segment.append_term(slot, pairs[i].ordinal, term);
        const std::string_view bytes = sort_key(key.type, term, key.descending);
        const std::string* text = bytes.empty() ? nullptr : &texts_.emplace_back(bytes);
        const std::uint32_t ordinal = pairs[i].ordinal;
        for (; i < pairs.size() && pairs[i].ordinal == ordinal; ++i) {
          const std::string*& best = out[pairs[i].row];
          if (text != nullptr && (best == nullptr || (key.descending ? *best < *text : *text < *best))) best = text;
        }
      }
    }
    begin = end;
  }
}

std::vector<store::Document> Sorter::narrowed(const std::vector<store::Document>& documents, std::size_t depth,
                                              store::Document after, std::size_t room) {
  const SortKey& key = query_.sort[depth];
  const std::size_t worthwhile = 4 * room + 32;
  // Strings have "further" terms, which ordinals do not tell from values; those of several types are of several dictionaries.
  if (documents.size() < worthwhile || key.kind != SortKey::Kind::parameter || key.type == model::ParameterType::string ||
      query_.types.size() > 1) {
    return documents;
  }
  const IndexKey index_key{query_.types.front(), key.parameters.front()};
  const SortValue from = after != 0 ? value(after, depth) : std::nullopt;
  if (after != 0 && !from) return documents;
  const bool up = ascending(depth);
  std::vector<store::Document> kept;
  std::vector<std::uint64_t> pairs;  // ordinal and row
  std::vector<std::uint32_t> ordinals;
  std::string term;
  for (std::size_t begin = 0, end = 0; begin < documents.size(); begin = end) {
    const auto position = execution_.segment_of(documents[begin]);
    if (!position) return documents;
    const Segment& segment = *execution_.segments()[*position];
    for (end = begin; end < documents.size() && documents[end] < segment.base() + segment.size();) ++end;
    const std::size_t before = kept.size();
    const int slot = end - begin < worthwhile ? -1 : segment.slot(index_key);
    const std::vector<TermRun> runs = slot < 0 ? std::vector<TermRun>() : term_runs(segment, slot, key);
    bool several = false, none = false;
    pairs.clear();
    for (std::size_t i = begin; i < end && !runs.empty(); ++i) {
      ordinals.clear();
      segment.ordinals_of(slot, static_cast<std::uint32_t>(documents[i] - segment.base()), ordinals);
      std::size_t found = 0;
      for (const std::uint32_t ordinal : ordinals) {
        const auto holds = [&](const TermRun& run) { return run.range.first <= ordinal && ordinal < run.range.last; };
        if (std::none_of(runs.begin(), runs.end(), holds)) continue;
        pairs.push_back(std::uint64_t{ordinal} << 32 | i);
        ++found;
      }
      several = several || found > 1;
      none = none || found == 0;
    }
    // The first `room` documents of each run are enough: all others of the run come after them. With several values a document
    // may stand elsewhere than at its best; and those without a value come first when walking backward.
    const bool sound = !several && !(backward_ && none);
    std::size_t eligible = 0;
    std::sort(pairs.begin(), pairs.end());
    const auto read = [&](std::uint64_t pair) {
      term.clear();
      segment.append_term(slot, static_cast<std::uint32_t>(pair >> 32), term);
      return sort_key(key.type, term, key.descending);
    };
    for (const TermRun& run : sound ? runs : std::vector<TermRun>()) {
      auto first = std::lower_bound(pairs.begin(), pairs.end(), std::uint64_t{run.range.first} << 32);
      auto last = std::lower_bound(first, pairs.end(), std::uint64_t{run.range.last} << 32);
      if (from && up) first = std::partition_point(first, last, [&](std::uint64_t pair) { return read(pair) < *from; });
      if (from && !up) last = std::partition_point(first, last, [&](std::uint64_t pair) { return read(pair) <= *from; });
      // Ties with the last one taken belong to it; at the position itself, ties that come before it count for nothing.
      std::string tie;
      std::size_t taken = 0;
      while (first != last) {
        const std::uint64_t pair = up ? *first++ : *--last;
        if (taken >= room || from) {
          const std::string value(read(pair));
          if (taken >= room && value != tie) break;
          if (from && value == *from) --taken;
          tie = value;
        } else if (taken + 1 == room) {
          tie = read(pair);
        }
        ++taken;
        kept.push_back(documents[pair & 0xffffffff]);
      }
      eligible += std::min(taken, room);
    }
    if (eligible < room) {
      kept.resize(before);
      kept.insert(kept.end(), documents.begin() + static_cast<std::ptrdiff_t>(begin),
                  documents.begin() + static_cast<std::ptrdiff_t>(end));
    } else {
      std::sort(kept.begin() + static_cast<std::ptrdiff_t>(before), kept.end());
      kept.erase(std::unique(kept.begin() + static_cast<std::ptrdiff_t>(before), kept.end()), kept.end());
    }
  }
  return kept;
}

SortValue Sorter::value(store::Document document, std::size_t depth) {
  std::vector<const std::string*> out;
  values({document}, depth, out);
  if (out[0] == nullptr) return std::nullopt;
  return *out[0];
}

}  // namespace search
