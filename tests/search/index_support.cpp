#include "tests/search/index_support.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "search/segment_bytes.h"

namespace index_test {

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "kiln-index-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<search::Index> open_index(FakeStore& store, const std::string& directory, std::uint32_t flush_documents) {
  auto index = search::Index::open(store, model::r4(), {directory, 8u << 20, flush_documents}, terms_of);
  REQUIRE(index.has_value());
  return std::move(*index);
}

void Oracle::add(const store::Version& version, std::shared_ptr<const search::DocumentTerms> terms) {
  REQUIRE(version.document == documents.size());
  if (version.previous != 0) documents[version.previous].superseded_by = version.document;
  documents.push_back({version.type, version.deleted(), false, 0, version.deleted() ? nullptr : std::move(terms)});
}

Oracle Oracle::of(const FakeStore& store) {
  Oracle oracle;
  store.scan(1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
    oracle.add(version, terms_of(version, body, hole));
    return true;
  });
  return oracle;
}

bool Oracle::alive(Document document, Document moment) const {
  if (document == 0 || document > moment || document > last()) return false;
  const Entry& entry = documents[document];
  return !entry.deleted && !entry.erased && (entry.superseded_by == 0 || entry.superseded_by > moment);
}

std::set<std::string> Oracle::terms(Document document, search::IndexKey key) const {
  std::set<std::string> found;
  const Entry& entry = documents[document];
  if (entry.type == key.type && entry.terms)
    for (const auto& term : entry.terms->terms)
      if (term.parameter == key.parameter) found.insert(term.bytes);
  return found;
}

std::vector<search::IndexKey> Oracle::keys() const {
  std::set<search::IndexKey> found;
  for (const Entry& entry : documents)
    if (entry.terms)
      for (const auto& term : entry.terms->terms) found.insert({entry.type, term.parameter});
  return {found.begin(), found.end()};
}

namespace {

const search::Keys& r4_keys() {
  static const search::Keys keys(model::r4());
  return keys;
}

constexpr std::string_view type_names[] = {"Patient", "Observation", "Encounter", "Condition", "Group"};

}  // namespace

std::shared_ptr<const search::DocumentTerms> Generator::terms(model::TypeId type) {
  auto made = std::make_shared<search::DocumentTerms>();
  made->type = type;
  const auto positions = r4_keys().of_type(type);
  const std::uint64_t number = ++counter_;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto parameter = positions[i].parameter;
    std::set<std::string> values;
    const std::string tag(1, search::tag_value);
    if (parameter == search::every_document) {
      values.insert("");
    } else {
      switch (i % 8) {
        case 0:
          values.insert(tag + "code" + std::to_string(below(random, 7)));
          break;
        case 1:
          values.insert(tag + "unique-" + std::to_string(number * 7919 % 1000003));
          break;
        case 2:
          values.insert(tag + "run-" + std::to_string(number / 50));
          break;
        case 3:
          for (auto n = below(random, 4); n > 0; --n) values.insert(tag + "list" + std::to_string(below(random, 40)));
          break;
        case 4:  // few documents have it
          if (below(random, 50) == 0) values.insert(tag + "rare" + std::to_string(below(random, 5)));
          break;
        case 5:
          values.insert(tag + "constant"), values.insert("\x03system");
          break;
        case 6:
          if (below(random, 20) == 0)
            values.insert(tag + std::string(below(random, 460), 'x') + std::to_string(below(random, 9)));
          break;
        default:
          break;
      }
      if (!values.empty() && i % 9 != 8) values.insert(std::string(1, search::tag_present));
    }
    for (const auto& value : values) made->terms.push_back({parameter, value});
  }
  return made;
}

std::vector<Change> Generator::group(std::size_t size) {
  std::vector<Change> changes;
  std::set<std::uint64_t> touched;
  while (changes.size() < size) {
    Change change;
    const std::uint64_t what = below(random, 10);
    std::uint64_t id = ids == 0 || what < 7 ? ids++ : below(random, ids);
    if (!types_.contains(id)) types_[id] = model::r4().resource_type(type_names[below(random, std::size(type_names))]);
    change.type = types_[id];
    change.id = "r" + std::to_string(id);
    change.remove = what == 9;
    if (!change.remove) change.terms = terms(change.type);
    changes.push_back(std::move(change));
  }
  return changes;
}

namespace {

search::Scan random_scan(const std::vector<std::string>& known, Random& random) {
  const auto pick = [&]() -> std::string {
    if (known.empty() || below(random, 10) == 0) return std::string(1, static_cast<char>(below(random, 5))) + "nowhere";
    return known[below(random, known.size())];
  };
  switch (below(random, 4)) {
    case 0:
      return search::exact_scan(pick());
    case 1: {
      const std::string term = pick();
      return search::prefix_scan(term.substr(0, below(random, term.size() + 1)));
    }
    case 2: {
      search::Scan scan;
      scan.low = pick();
      scan.high = pick();
      return scan;
    }
    default:
      return search::Scan();
  }
}

void compare_scan(const search::Segment& segment, int slot, search::IndexKey key, const search::Scan& scan, const Oracle& oracle,
                  Random& random) {
  // The range's terms with their documents, the simple way.
  std::map<std::string, std::vector<std::uint32_t>> expected;
  for (std::uint32_t i = 0; i < segment.size(); ++i)
    for (const auto& term : oracle.terms(segment.base() + i, key))
      if (scan.selects(term)) expected[term].push_back(i);
  const auto range = slot < 0 ? search::Ordinals{} : segment.find(slot, scan);
  std::vector<std::uint64_t> bitmap((segment.size() + 63) / 64), wanted(bitmap.size());
  std::vector<std::uint32_t> erased;
  for (std::uint32_t i = 0; i < segment.size(); ++i)
    if (oracle.documents[segment.base() + i].erased) erased.push_back(i);
  if (!erased.empty()) {
    // A run that was made again at a start is without the terms of what had been erased, an older one has them still: no view
    // shows either.
    for (const auto& [term, offsets] : expected)
      for (const auto offset : offsets) wanted[offset / 64] |= std::uint64_t{1} << (offset % 64);
    if (slot >= 0) segment.unite(slot, range, bitmap);
    for (const auto offset : erased) {
      bitmap[offset / 64] &= ~(std::uint64_t{1} << (offset % 64));
      wanted[offset / 64] &= ~(std::uint64_t{1} << (offset % 64));
    }
    REQUIRE(bitmap == wanted);
    return;
  }
  REQUIRE(range.last - range.first == expected.size());
  if (expected.empty()) return;
  std::uint64_t total = 0;
  for (const auto& [term, offsets] : expected) {
    total += offsets.size();
    for (const auto offset : offsets) wanted[offset / 64] |= std::uint64_t{1} << (offset % 64);
  }
  REQUIRE(segment.count(slot, range) == total);
  segment.unite(slot, range, bitmap);
  REQUIRE(bitmap == wanted);
  auto at = expected.begin();
  segment.each_term(slot, range, [&](std::uint32_t ordinal, std::string_view term, std::uint32_t count) {
    REQUIRE(at != expected.end());
    REQUIRE(ordinal == range.first + static_cast<std::uint32_t>(std::distance(expected.begin(), at)));
    REQUIRE(term == at->first);
    REQUIRE(count == at->second.size());
    ++at;
    return true;
  });
  REQUIRE(at == expected.end());
  for (int i = 0; i < 3; ++i) {
    const auto nth = below(random, expected.size());
    const auto& [term, offsets] = *std::next(expected.begin(), static_cast<std::ptrdiff_t>(nth));
    const auto ordinal = range.first + static_cast<std::uint32_t>(nth);
    std::string spelled;
    segment.append_term(slot, ordinal, spelled);
    REQUIRE(spelled == term);
    std::vector<std::uint32_t> listed;
    segment.postings(slot, ordinal, listed);
    REQUIRE(listed == offsets);
    const auto bound = static_cast<std::uint32_t>(below(random, segment.size() + 2));
    const std::size_t most = 1 + below(random, 300);
    std::vector<std::uint32_t> latest(most), simple;
    latest.resize(segment.newest(slot, ordinal, bound, latest));
    for (auto it = offsets.rbegin(); it != offsets.rend() && simple.size() < most; ++it)
      if (*it < bound) simple.push_back(*it);
    REQUIRE(latest == simple);
    for (int k = 0; k < 5; ++k) {
      const auto offset = static_cast<std::uint32_t>(below(random, segment.size()));
      REQUIRE(segment.contains(slot, ordinal, offset) == std::binary_search(offsets.begin(), offsets.end(), offset));
    }
    REQUIRE(segment.contains(slot, ordinal, offsets[below(random, offsets.size())]));
  }
}

}  // namespace

void compare(const search::View& view, const Oracle& oracle, Random& random, int questions) {
  Document next = 1;
  for (const auto& segment : view.segments()) {
    REQUIRE(segment->base() == next);
    next += segment->size();
  }
  REQUIRE(view.last() == next - 1);
  const auto keys = oracle.keys();
  for (int q = 0; q < questions && !keys.empty(); ++q) {
    const auto key = keys[below(random, keys.size())];
    std::set<std::string> known;
    for (int i = 0; i < 50; ++i)
      for (const auto& term : oracle.terms(1 + below(random, view.last()), key)) known.insert(term);
    const auto scan = random_scan({known.begin(), known.end()}, random);
    const Document moment = below(random, 3) == 0 ? view.last() : below(random, view.last() + 2);
    for (const auto& segment : view.segments()) {
      const int slot = segment->slot(key);
      compare_scan(*segment, slot, key, scan, oracle, random);
      // Columns.
      for (int i = 0; i < 3 && slot >= 0 && segment->has_column(slot); ++i) {
        const auto offset = static_cast<std::uint32_t>(below(random, segment->size()));
        if (oracle.documents[segment->base() + offset].erased) continue;
        std::vector<std::uint32_t> ordinals;
        segment->ordinals_of(slot, offset, ordinals);
        std::set<std::string> spelled;
        REQUIRE(std::is_sorted(ordinals.begin(), ordinals.end()));
        for (const auto ordinal : ordinals) {
          std::string term;
          segment->append_term(slot, ordinal, term);
          spelled.insert(term);
        }
        REQUIRE(spelled == oracle.terms(segment->base() + offset, key));
      }
      // Alive, as of a moment, within a random set.
      std::vector<std::uint64_t> bitmap((segment->size() + 63) / 64), wanted(bitmap.size());
      for (std::uint32_t i = 0; i < segment->size(); ++i) {
        if (below(random, 4) == 0) continue;
        bitmap[i / 64] |= std::uint64_t{1} << (i % 64);
        if (oracle.alive(segment->base() + i, moment)) wanted[i / 64] |= std::uint64_t{1} << (i % 64);
      }
      view.restrict_alive(*segment, moment, bitmap);
      REQUIRE(bitmap == wanted);
    }
    for (int i = 0; i < 20; ++i) {
      const Document document = below(random, view.last() + 3);
      REQUIRE(view.alive(document) == oracle.alive(document, view.last()));
      REQUIRE(view.alive_at(document, moment) == oracle.alive(document, std::min(moment, view.last())));
    }
  }
}

}  // namespace index_test
