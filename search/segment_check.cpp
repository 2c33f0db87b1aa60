// Checking a segment: its checksums, and beyond them that its parts agree with one another.
#include <algorithm>

#include "search/segment_run.h"

namespace search {

std::vector<std::string> Run::verify() const {
  std::vector<std::string> faults;
  const auto expect = [&](std::string_view bytes, std::uint32_t crc, const std::string& what) {
    if (crc32c(0, bytes) != crc) faults.push_back(what + ": the checksum does not hold");
  };
  if (path().empty()) return faults;  // made in this process, without checksums
  expect(documents_part_, documents_crc_, "documents");
  expect(pairs_part_, pairs_crc_, "pairs");
  for (const Part& part : parts_) expect(part.region, part.crc, std::string(types_[part.type]) + " " + std::string(part.name));
  return faults;
}

std::vector<std::string> Run::examine() const {
  std::vector<std::string> faults;
  std::vector<std::uint32_t> offsets, ordinals;
  std::vector<std::uint32_t> counts(types_.size(), 0);
  for (std::uint32_t i = 0; i < size_; ++i) {
    const std::uint8_t kind = kinds()[i];
    if (kind == no_kind) continue;
    if (kind >= types_.size() || rank(i) != counts[kind]++) {
      faults.push_back("documents: a type or rank is wrong at offset " + std::to_string(i));
      return faults;
    }
  }
  if (!std::equal(counts.begin(), counts.end(), type_counts_.begin())) faults.push_back("documents: counts by type are wrong");
  for (std::uint32_t i = 0; i < pairs_; ++i)
    if (pair_by(i) >= end() || pair_old(i) >= pair_by(i) || (i > 0 && pair_old(i - 1) > pair_old(i)) ||
        pair_in_order(i) >= pairs_ || (i > 0 && pair_by(pair_in_order(i - 1)) > pair_by(pair_in_order(i)))) {
      faults.push_back("pairs: out of order");
      break;
    }
  for (const Part& part : parts_) {
    const std::string name = std::string(types_[part.type]) + " " + std::string(part.name);
    TermCursor cursor(part, size_);
    std::string last;
    std::uint64_t total = 0, sum = 0, terms = 0;
    bool sound = true;
    // The column and the postings say the same if the (document, ordinal) they hold add up to the same.
    const auto weigh = [](std::uint64_t offset, std::uint64_t ordinal) {
      return fold_product(offset << 32 | ordinal, 0x9e3779b97f4a7c15) + 0x1234567;
    };
    while (sound && cursor.next()) {
      offsets.clear();
      sound = cursor.ordinal() == terms && (terms == 0 || last < cursor.term()) && cursor.postings().append(offsets);
      for (const std::uint32_t offset : offsets) {
        sound = sound && kinds()[offset] == part.type;
        sum += weigh(offset, terms);
      }
      if (!part.bloom.empty() && !part.bloom.may_hold(hash_term(cursor.term()))) sound = false;
      last = cursor.term();
      total += offsets.size();
      ++terms;
    }
    if (!sound || cursor.damaged() || terms != part.terms || total != part.postings) {
      faults.push_back(name + ": terms or postings are out of order at term " + std::to_string(terms));
      continue;
    }
    if (!part.has_column) continue;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (kinds()[i] != part.type) continue;
      ordinals.clear();
      sound = sound && part.column.ordinals(rank(i), ordinals);
      for (const std::uint32_t ordinal : ordinals) sum -= weigh(i, ordinal);
    }
    if (!sound || sum != 0) faults.push_back(name + ": the column does not agree with the postings");
  }
  return faults;
}

}  // namespace search
