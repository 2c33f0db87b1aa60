#include "search/merge.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace search {
namespace {

// All adjacent terms of one document under one parameter.
struct Stretch {
  std::uint32_t row;     // Keys::rows()
  std::uint32_t offset;  // of the document
  const Term* first;
  const Term* last;
};

struct Item {
  std::uint64_t head;  // the first 8 bytes as a number: decides most comparisons
  std::string_view term;
  std::uint32_t offset;
};

std::uint64_t head_of(std::string_view term) {
  std::uint64_t word = 0;
  std::memcpy(&word, term.data(), std::min<std::size_t>(term.size(), 8));
  return __builtin_bswap64(word);
}

bool before(const Item& a, const Item& b) {
  if (a.head != b.head) return a.head < b.head;
  const int order = a.term.compare(b.term);
  return order != 0 ? order < 0 : a.offset < b.offset;
}

// All documents' terms by parameter, in the order of Keys::rows(); within it by document.
std::vector<Stretch> stretches_of(store::Document base, std::span<const RunDocument* const> documents, const Keys& keys) {
  std::vector<Stretch> found;
  std::vector<std::uint32_t> starts(keys.rows().size() + 1);
  for (const RunDocument* document : documents) {
    if (!document->terms || document->version.deleted()) continue;
    const auto& terms = document->terms->terms;
    const auto positions = keys.of_type(document->version.type);
    auto position = positions.begin();
    const auto offset = static_cast<std::uint32_t>(document->version.document - base);
    for (const Term *at = terms.data(), *end = at + terms.size(); at != end;) {
      const Term* first = at;
      while (at != end && at->parameter == first->parameter) ++at;
      if (position == positions.end() || position->parameter > first->parameter) position = positions.begin();
      while (position != positions.end() && position->parameter != first->parameter) ++position;
      if (position == positions.end())
        throw std::logic_error("terms under a parameter that " + std::string(keys.type_name(document->version.type)) +
                               " does not have");
      found.push_back({position->row, offset, first, at});
      ++starts[position->row + 1];
    }
  }
  for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  std::vector<Stretch> sorted(found.size());
  for (const Stretch& stretch : found) sorted[starts[stretch.row]++] = stretch;
  return sorted;
}

void write_parameter(std::span<const Stretch> stretches, std::vector<Item>& items, std::vector<std::uint32_t>& offsets,
                     SegmentWriter& writer) {
  items.clear();
  for (const Stretch& stretch : stretches)
    for (const Term* term = stretch.first; term != stretch.last; ++term) {
      const std::string_view bytes = std::string_view(term->bytes).substr(0, max_term_bytes);
      items.push_back({head_of(bytes), bytes, stretch.offset});
    }
  if (!std::is_sorted(items.begin(), items.end(), before)) std::sort(items.begin(), items.end(), before);
  for (std::size_t i = 0; i < items.size();) {
    const std::string_view term = items[i].term;
    offsets.clear();
    for (; i < items.size() && items[i].term == term; ++i)
      if (offsets.empty() || offsets.back() != items[i].offset) offsets.push_back(items[i].offset);
    writer.term(term, offsets);
  }
}

// Terms of one parameter in several sources, merged.
class ParameterMerge {
 public:
  void add(const Part& part, const Run& run, std::uint32_t shift) { sources_.push_back({TermCursor(part, run.size()), shift}); }
  bool run(const std::atomic<bool>& stop, SegmentWriter& writer) {
    order_.clear();
    for (std::uint32_t i = 0; i < sources_.size(); ++i) advance(i);
    std::vector<std::uint32_t> offsets;
    for (std::uint32_t terms = 0; !order_.empty(); ++terms) {
      if (terms % 1024 == 0 && stop.load(std::memory_order_relaxed)) return false;
      // The sources at the least term are in front, oldest first, so that their documents ascend.
      std::size_t equal = 1;
      const std::string_view term = sources_[order_[0]].cursor.term();
      while (equal < order_.size() && sources_[order_[equal]].cursor.term() == term) ++equal;
      offsets.clear();
      for (std::size_t i = 0; i < equal; ++i)
        if (const Source& source = sources_[order_[i]]; !source.cursor.postings().append(offsets, source.shift)) damaged();
      writer.term(term, offsets);
      moved_.assign(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(equal));
      order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(equal));
      for (const std::uint32_t index : moved_) advance(index);
    }
    return true;
  }

 private:
  struct Source {
    TermCursor cursor;
    std::uint32_t shift;
  };
  [[noreturn]] static void damaged() { throw std::runtime_error("a segment is damaged"); }
  void advance(std::uint32_t index) {
    TermCursor& cursor = sources_[index].cursor;
    if (!cursor.next()) {
      if (cursor.damaged()) damaged();
      return;
    }
    const auto later = [&](std::uint32_t a, std::uint32_t b) {
      const int order = sources_[a].cursor.term().compare(sources_[b].cursor.term());
      return order != 0 ? order < 0 : a < b;
    };
    order_.insert(std::lower_bound(order_.begin(), order_.end(), index, later), index);
  }

  std::vector<Source> sources_;
  std::vector<std::uint32_t> order_, moved_;  // sources by (current term, age)
};

// The types of all sources, sorted, and each document's.
std::vector<std::string_view> merge_documents(std::span<const std::shared_ptr<const Run>> sources,
                                              std::vector<std::uint8_t>& kinds) {
  std::vector<std::string_view> types;
  for (const auto& source : sources) types.insert(types.end(), source->type_names().begin(), source->type_names().end());
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  for (const auto& source : sources) {
    std::uint8_t map[256];
    std::fill(std::begin(map), std::end(map), no_kind);
    for (std::size_t t = 0; t < source->type_names().size(); ++t)
      map[t] = static_cast<std::uint8_t>(std::lower_bound(types.begin(), types.end(), source->type_names()[t]) - types.begin());
    for (std::uint32_t i = 0; i < source->size(); ++i) kinds.push_back(map[source->kinds()[i]]);
  }
  return types;
}

}  // namespace

std::shared_ptr<const Run> make_run(store::Document base, std::uint32_t size, std::span<const RunDocument* const> documents,
                                    const Keys& keys) {
  const auto sorted = stretches_of(base, documents, keys);
  std::vector<std::string_view> types;
  std::vector<std::uint8_t> kinds(size, no_kind);
  std::vector<Superseded> pairs;
  for (const RunDocument* document : documents)
    if (!document->version.deleted()) types.push_back(keys.type_name(document->version.type));
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  const auto kind_of = [&](std::string_view type) {
    return static_cast<std::uint8_t>(std::lower_bound(types.begin(), types.end(), type) - types.begin());
  };
  for (const RunDocument* document : documents) {
    const auto offset = static_cast<std::uint32_t>(document->version.document - base);
    if (!document->version.deleted()) kinds[offset] = kind_of(keys.type_name(document->version.type));
    if (document->version.previous != 0) pairs.push_back({document->version.previous, offset});
  }
  MemoryOutput out;
  SegmentWriter writer(out, base, size, false);
  writer.documents(types, std::move(kinds));
  writer.superseded(std::move(pairs));
  std::vector<Item> items;
  std::vector<std::uint32_t> offsets;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end].row == sorted[i].row) ++end;
    const Keys::Row& row = keys.rows()[sorted[i].row];
    writer.begin(kind_of(row.type), row.name, row.column, row.bloom);
    write_parameter(std::span(sorted).subspan(i, end - i), items, offsets, writer);
    writer.end();
    i = end;
  }
  writer.finish();
  std::string fault;
  auto run = Run::open(owned_bytes(out.take()), keys, false, fault);
  if (!run) throw std::logic_error("a run just made " + fault);
  return run;
}

bool merge_runs(std::span<const std::shared_ptr<const Run>> sources, const Keys& keys, const std::atomic<bool>& stop,
                SegmentWriter& writer) {
  const store::Document base = sources.front()->base();
  std::vector<std::uint8_t> kinds;
  kinds.reserve(static_cast<std::size_t>(sources.back()->end() - base));
  const auto types = merge_documents(sources, kinds);
  writer.documents(types, std::move(kinds));
  std::vector<Superseded> pairs;
  for (const auto& source : sources)
    for (std::uint32_t i = 0; i < source->pairs(); ++i)
      pairs.push_back({source->pair_old(i), static_cast<std::uint32_t>(source->pair_by(i) - base)});
  writer.superseded(std::move(pairs));

  std::vector<std::size_t> at(sources.size());  // each source's next parameter
  while (true) {
    std::string_view type, name;
    bool any = false;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      if (at[s] == sources[s]->parts().size()) continue;
      const Part& part = sources[s]->parts()[at[s]];
      const std::string_view part_type = sources[s]->type_names()[part.type];
      if (any && (part_type != type ? part_type > type : part.name >= name)) continue;
      any = true;
      type = part_type;
      name = part.name;
    }
    if (!any) return true;
    ParameterMerge merge;
    bool column = false, bloom = false;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const Run& source = *sources[s];
      if (at[s] == source.parts().size()) continue;
      const Part& part = source.parts()[at[s]];
      if (part.name != name || source.type_names()[part.type] != type) continue;
      merge.add(part, source, static_cast<std::uint32_t>(source.base() - base));
      column = column || part.has_column;
      bloom = bloom || !part.bloom.empty();
      ++at[s];
    }
    if (const Keys::Row* row = keys.find(type, name)) {
      column = row->column;
      bloom = row->bloom;
    }
    const auto position = std::lower_bound(types.begin(), types.end(), type) - types.begin();
    writer.begin(static_cast<std::size_t>(position), name, column, bloom);
    if (!merge.run(stop, writer)) return false;
    writer.end();
  }
}

std::shared_ptr<const Run> merge_in_memory(std::span<const std::shared_ptr<const Run>> sources, const Keys& keys) {
  static const std::atomic<bool> never = false;
  const auto size = static_cast<std::uint32_t>(sources.back()->end() - sources.front()->base());
  std::size_t expected = 0;  // merging makes smaller
  for (const auto& source : sources) expected += source->bytes();
  MemoryOutput out(std::min<std::size_t>(expected, std::size_t{1} << 16 | expected / 2));
  SegmentWriter writer(out, sources.front()->base(), size, false);
  merge_runs(sources, keys, never, writer);
  writer.finish();
  std::string fault;
  auto run = Run::open(owned_bytes(out.take()), keys, false, fault);
  if (!run) throw std::logic_error("a merged run " + fault);
  return run;
}

}  // namespace search
