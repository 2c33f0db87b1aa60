#include <algorithm>

#include "search/sort.h"

namespace search {
namespace {

constexpr std::uint32_t window = 64;            // terms read at a time
constexpr std::uint64_t small_group = 2048;     // postings: up to so many are handled one by one
constexpr std::uint64_t most_sorted = 200'000;  // documents: memory for their values

// A run being read in one direction, terms without a sort key left out.
class RunReader {
 public:
  struct Entry {
    std::uint32_t ordinal = 0;
    std::uint32_t count = 0;
    std::string value;
  };
  RunReader(const Segment& segment, int slot, const TermRun& run, const SortKey& key, bool up)
      : segment_(&segment), slot_(slot), left_(run.range), prefix_(run.prefix), key_(&key), up_(up) {}

  // Begins with the terms of `value`, in this direction.
  void begin_at(const std::string& value) {
    const std::uint32_t first = std::clamp(first_at_least(*segment_, slot_, prefix_ + value), left_.first, left_.last);
    if (up_) {
      left_.first = first;
      return;
    }
    std::uint32_t end = left_.last;  // the first term beyond
    segment_->each_term(slot_, {first, left_.last}, [&](std::uint32_t ordinal, std::string_view term, std::uint32_t) {
      const std::string_view other = sort_key(key_->type, term, key_->descending);
      if (other.empty() || other <= value) return true;
      end = ordinal;
      return false;
    });
    left_.last = end;
  }
  const Entry* head() {
    while (at_ == entries_.size() && left_.first < left_.last) fill();
    return at_ < entries_.size() ? &entries_[at_] : nullptr;
  }
  void pop() { ++at_; }
  const Segment& segment() const { return *segment_; }
  int slot() const { return slot_; }

 private:
  void fill() {
    entries_.clear();
    at_ = 0;
    Ordinals range = left_;
    if (up_) {
      range.last = std::min(range.last, range.first + window);
      left_.first = range.last;
    } else {
      range.first = std::max(range.first, range.last > window ? range.last - window : 0);
      left_.last = range.first;
    }
    segment_->each_term(slot_, range, [&](std::uint32_t ordinal, std::string_view term, std::uint32_t count) {
      const std::string_view value = sort_key(key_->type, term, key_->descending);
      if (!value.empty()) entries_.push_back({ordinal, count, std::string(value)});
      return true;
    });
    if (!up_) std::reverse(entries_.begin(), entries_.end());
  }

  const Segment* segment_;
  int slot_;
  Ordinals left_;
  std::string prefix_;
  const SortKey* key_;
  bool up_;
  std::vector<Entry> entries_;
  std::size_t at_ = 0;
};

}  // namespace

// The sorted dictionaries of a parameter in all segments, merged.
class DictionaryWalk {
 public:
  DictionaryWalk(Sorter& sorter, const DocumentSet& set, std::size_t depth)
      : sorter_(sorter), set_(set), key_(sorter.query_.sort[depth]), up_(sorter.ascending(depth)) {
    const Scan present = exact_scan(std::string(1, tag_present));
    for (std::size_t i = 0; i < set.parts.size(); ++i) {
      const SegmentMatches& part = set.parts[i];
      if (part.count == 0) continue;
      for (const int slot : sorter.slots(*part.segment, depth)) {
        std::uint64_t postings = 0;
        for (TermRun& run : term_runs(*part.segment, slot, key_)) {
          postings += part.segment->count(slot, run.range);
          readers_.push_back({RunReader(*part.segment, slot, run, key_, up_), i});
          runs_.push_back({i, slot, run.range});
        }
        if (postings > part.segment->count(slot, part.segment->find(slot, present))) several_ = true;
      }
    }
  }
  bool several() const { return several_; }  // some document may have several values
  void begin_at(const std::string& value) {
    for (Reader& reader : readers_) reader.run.begin_at(value);
  }
  // The documents of the set that hold the next value; false at the end.
  bool next(std::string& value, DocumentSet& group) {
    sorter_.execution_.deadline().check();
    const std::string* best = nullptr;
    for (Reader& reader : readers_) {
      const auto* head = reader.run.head();
      if (head != nullptr && (best == nullptr || (up_ ? head->value < *best : head->value > *best))) best = &head->value;
    }
    if (best == nullptr) return false;
    value = *best;
    for (SegmentMatches& part : group.parts) {
      part.count = 0;
      part.list.clear();
      part.words.clear();
      part.dense = false;
    }
    group.parts.resize(set_.parts.size());
    for (Reader& reader : readers_) {
      for (const auto* head = reader.run.head(); head != nullptr && head->value == value; head = reader.run.head()) {
        add(reader, head->ordinal, head->count, group.parts[reader.part]);
        walked_ += head->count;
        reader.run.pop();
      }
    }
    return true;
  }
  std::uint64_t walked() const { return walked_; }  // postings so far
  // What of the set has no value at all.
  DocumentSet without_value() const {
    DocumentSet out = set_;
    for (const auto& [position, slot, range] : runs_) {
      SegmentMatches& part = out.parts[position];
      part.to_words();
      bits::Words words = bits::zeros(part.segment->size());
      part.segment->unite(slot, range, words);
      bits::and_not(part.words, words);
      part.count = bits::count(part.words);
    }
    return out;
  }

 private:
  struct Reader {
    RunReader run;
    std::size_t part;
  };
  struct RunRange {
    std::size_t part;
    int slot;
    Ordinals range;
  };

  void add(Reader& reader, std::uint32_t ordinal, std::uint32_t count, SegmentMatches& part) {
    const Segment& segment = reader.run.segment();
    const SegmentMatches& all = set_.parts[reader.part];
    part.segment = &segment;
    if (count > small_group || part.dense) {
      part.to_words();
      bits::Words words = bits::zeros(segment.size());
      segment.unite(reader.run.slot(), {ordinal, ordinal + 1}, words);
      if (all.dense) {
        bits::and_with(words, all.words);
      } else {
        SegmentMatches kept = all;
        kept.to_words();
        bits::and_with(words, kept.words);
      }
      bits::or_with(part.words, words);
      part.count = bits::count(part.words);
      return;
    }
    offsets_.clear();
    segment.postings(reader.run.slot(), ordinal, offsets_);
    const std::size_t before = part.list.size();
    for (const std::uint32_t offset : offsets_) {
      if (all.holds(offset)) part.list.push_back(offset);
    }
    if (before != 0 && part.list.size() != before) {
      std::sort(part.list.begin(), part.list.end());
      part.list.erase(std::unique(part.list.begin(), part.list.end()), part.list.end());
    }
    part.count = part.list.size();
  }

  Sorter& sorter_;
  const DocumentSet& set_;
  const SortKey& key_;
  bool up_;
  bool several_ = false;
  std::uint64_t walked_ = 0;
  std::vector<Reader> readers_;
  std::vector<RunRange> runs_;
  std::vector<std::uint32_t> offsets_;
};

bool Sorter::walk_terms(const DocumentSet& set, std::size_t depth, store::Document after) {
  DictionaryWalk dictionary(*this, set, depth);
  const SortValue from = after != 0 ? value(after, depth) : std::nullopt;
  const std::size_t emitted = out_.size();
  const auto walk_without = [&] { return walk(dictionary.without_value(), depth + 1, after != 0 && !from ? after : 0); };
  // Forward: those with a value, then those without. Backward: the other way round.
  if (!backward_ && after != 0 && !from) return walk_without();
  if (backward_ && (after == 0 || !from) && walk_without()) return true;
  // Where the set's values lie far from this end of a dictionary, to sort the set costs less than to walk on.
  const std::uint64_t count = set.count();
  const std::uint64_t patience = count <= most_sorted ? 4096 + 4 * count : ~std::uint64_t{0};
  if (from) dictionary.begin_at(*from);
  std::string text;
  DocumentSet group;
  bool first = from.has_value();
  while (dictionary.next(text, group)) {
    const store::Document inside = first && text == *from ? after : 0;
    first = false;
    if (group.count() != 0) {
      // A document of several values stands under the best of them only.
      if (dictionary.several()) checks_.push_back({depth, &text});
      const bool full = walk(group, depth + 1, inside);
      if (dictionary.several()) checks_.pop_back();
      if (full) return true;
    }
    if (dictionary.walked() > patience) {
      return sort_rows(set.documents(), depth, out_.size() > emitted ? out_.back() : after);
    }
  }
  return !backward_ && walk_without();
}

}  // namespace search
