// The parts of a segment on their own: posting lists, columns, Bloom filters, the alive set, the merge policy.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "search/alive.h"
#include "search/bloom.h"
#include "search/merge_policy.h"
#include "search/segment_column.h"
#include "search/segment_files.h"
#include "search/segment_postings.h"
#include "tests/search/index_support.h"

using namespace search;
using index_test::below;
using index_test::Random;

namespace {

// One list's entry and the region behind it, with the 8 bytes that a segment has after all of its parts.
struct Encoded {
  std::string region, entry;
  std::uint32_t limit;
  Encoded(const std::vector<std::uint32_t>& offsets, std::uint32_t limit_) : limit(limit_) {
    region = "before";
    if (offsets.size() <= short_list) {
      encode_short(offsets, entry);
    } else {
      encode_long_entry(offsets.size(), region.size(), entry);
      encode_long(offsets, region);
    }
    region.append(8, '\0');
    entry.append(8, '\0');
  }
  bool read(Postings& list) const {
    Input in{entry.data(), entry.data() + entry.size() - 8};
    return list.read(in, std::string_view(region).substr(0, region.size() - 8), limit);
  }
};

std::vector<std::uint32_t> random_offsets(Random& random, std::uint32_t limit) {
  std::vector<std::uint32_t> offsets;
  // Stretches of different density, runs among them.
  for (std::uint32_t at = 0; at < limit;) {
    const auto length = static_cast<std::uint32_t>(1 + below(random, 20000));
    const std::uint64_t one_in = std::uint64_t{1} << below(random, 14);
    for (std::uint32_t end = std::min(limit, at + length); at < end; ++at)
      if (below(random, one_in) == 0) offsets.push_back(at);
  }
  if (offsets.empty()) offsets.push_back(static_cast<std::uint32_t>(below(random, limit)));
  return offsets;
}

}  // namespace

TEST_CASE("a posting list gives back what it was made of", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    const auto limit = static_cast<std::uint32_t>(1 + below(random, round % 3 == 0 ? 300 : 100000));
    const auto offsets = random_offsets(random, limit);
    const Encoded encoded(offsets, limit);
    Postings list;
    REQUIRE(encoded.read(list));
    REQUIRE(list.count() == offsets.size());
    std::vector<std::uint32_t> all;
    REQUIRE(list.append(all));
    REQUIRE(all == offsets);
    std::vector<std::uint64_t> bitmap((limit + 63) / 64);
    REQUIRE(list.unite(bitmap));
    std::vector<std::uint32_t> set;
    for (std::uint32_t i = 0; i < limit; ++i)
      if (bitmap[i / 64] >> (i % 64) & 1) set.push_back(i);
    REQUIRE(set == offsets);
    // All of it from the high end, in pages.
    std::vector<std::uint32_t> falling, page(1 + below(random, 1000));
    std::uint32_t under = limit;
    while (true) {
      std::size_t found = 0;
      REQUIRE(list.newest(under, page, found));
      if (found == 0) break;
      falling.insert(falling.end(), page.begin(), page.begin() + static_cast<std::ptrdiff_t>(found));
      under = falling.back();
    }
    std::reverse(falling.begin(), falling.end());
    REQUIRE(falling == offsets);
    for (int i = 0; i < 300; ++i) {
      const auto offset = i % 2 == 0 ? offsets[below(random, offsets.size())] : static_cast<std::uint32_t>(below(random, limit));
      bool held = false;
      REQUIRE(list.contains(offset, held));
      REQUIRE(held == std::binary_search(offsets.begin(), offsets.end(), offset));
    }
  }
}

TEST_CASE("a dense list takes about a bit a document, a run next to nothing", "[index]") {
  std::vector<std::uint32_t> every(100000), second;
  std::iota(every.begin(), every.end(), 0);
  for (std::uint32_t i = 0; i < 100000; i += 2) second.push_back(i);
  CHECK(Encoded(every, 100000).region.size() < 64);
  CHECK(Encoded(second, 100000).region.size() < 100000 / 8 * 11 / 10);
}

TEST_CASE("a damaged posting list is refused or cut short, never read past its end", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    const auto limit = static_cast<std::uint32_t>(1 + below(random, round % 2 == 0 ? 200 : 20000));
    Encoded encoded(random_offsets(random, limit), limit);
    for (auto n = below(random, 4) + 1; n > 0; --n) {
      std::string& bytes = below(random, 2) == 0 ? encoded.entry : encoded.region;
      bytes[below(random, bytes.size())] = static_cast<char>(below(random, 256));
    }
    Postings list;
    if (!encoded.read(list)) continue;
    std::vector<std::uint32_t> all;
    if (list.append(all)) REQUIRE((std::is_sorted(all.begin(), all.end()) && all.back() < limit));
    std::vector<std::uint64_t> bitmap((limit + 63) / 64);
    list.unite(bitmap);
    std::vector<std::uint32_t> page(50);
    std::size_t found = 0;
    list.newest(static_cast<std::uint32_t>(below(random, limit + 1)), page, found);
    for (std::size_t i = 0; i < found; ++i) REQUIRE(page[i] < limit);
    bool held;
    list.contains(static_cast<std::uint32_t>(below(random, limit)), held);
  }
}

TEST_CASE("a column gives back each document's ordinals", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    const auto ranks = static_cast<std::uint32_t>(1 + below(random, 3000));
    const auto terms = static_cast<std::uint32_t>(1 + below(random, std::uint64_t{1} << below(random, 16)));
    const std::uint64_t one_in = std::uint64_t{1} << below(random, 9);
    const std::uint64_t most = 1 + below(random, 4);
    const bool presence = below(random, 2) == 0, everywhere = below(random, 2) == 0;
    std::vector<std::set<std::uint32_t>> expected(ranks);
    for (auto& list : expected) {
      if (below(random, one_in) != 0) continue;
      for (auto n = most == 1 ? 1 : below(random, most + 1); n > 0; --n)
        list.insert(static_cast<std::uint32_t>(below(random, terms)));
      if (presence && (everywhere || below(random, 2) == 0)) list.insert(0);
    }
    ColumnBuilder builder;
    for (std::uint32_t ordinal = 0; ordinal < terms; ++ordinal) {
      if (ordinal > 0 && terms > 2000 && round % 4 != 0) break;
      for (std::uint32_t rank = 0; rank < ranks; ++rank)
        if (expected[rank].contains(ordinal)) presence&& ordinal == 0 ? builder.add_present(rank) : builder.add(rank, ordinal);
    }
    if (terms > 2000 && round % 4 != 0) {  // the rest by term, without asking each document for each
      std::multimap<std::uint32_t, std::uint32_t> rest;
      for (std::uint32_t rank = 0; rank < ranks; ++rank)
        for (const auto ordinal : expected[rank])
          if (ordinal > 0) rest.emplace(ordinal, rank);
      for (const auto& [ordinal, rank] : rest) builder.add(rank, ordinal);
    }
    std::string bytes;
    builder.write(ranks, terms, bytes);
    const std::size_t size = bytes.size();
    bytes.append(8, '\0');
    Column column;
    REQUIRE(Column::open(std::string_view(bytes).substr(0, size), ranks, terms, column));
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      std::vector<std::uint32_t> ordinals;
      REQUIRE(column.ordinals(rank, ordinals));
      REQUIRE(ordinals == std::vector<std::uint32_t>(expected[rank].begin(), expected[rank].end()));
    }
    // Damaged: no step outside.
    for (int i = 0; i < 5; ++i) {
      std::string hurt = bytes;
      hurt[below(random, size)] = static_cast<char>(below(random, 256));
      if (!Column::open(std::string_view(hurt).substr(0, size), ranks, terms, column)) continue;
      for (std::uint32_t rank = 0; rank < ranks; rank += 7) {
        std::vector<std::uint32_t> ordinals;
        column.ordinals(rank, ordinals);
        REQUIRE(ordinals.size() <= size * 8 + 1);
      }
    }
  }
}

TEST_CASE("a constant column takes no bits a document", "[index]") {
  ColumnBuilder builder;
  for (std::uint32_t rank = 0; rank < 10000; ++rank) builder.add_present(rank);
  for (std::uint32_t rank = 0; rank < 10000; ++rank) builder.add(rank, 1);
  for (std::uint32_t rank = 0; rank < 10000; ++rank) builder.add(rank, 2);
  std::string bytes;
  builder.write(10000, 3, bytes);
  CHECK(bytes.size() < 64);
}

TEST_CASE("a Bloom filter has no false negatives and few false positives", "[index]") {
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 100000; ++i) hashes.push_back(hash_term("\x02Patient/" + std::to_string(i)));
  std::string bytes;
  Bloom::write(hashes, bytes);
  CHECK(bytes.size() * 8 <= 100000 * 10 + 512);
  Bloom bloom;
  REQUIRE(Bloom::open(bytes, bloom));
  for (const auto hash : hashes) REQUIRE(bloom.may_hold(hash));
  int false_positives = 0;
  for (int i = 100000; i < 200000; ++i) false_positives += bloom.may_hold(hash_term("\x02Patient/" + std::to_string(i)));
  CAPTURE(false_positives);
  CHECK(false_positives < 2500);
}

TEST_CASE("the alive set shares what an edit does not touch, and restricts at any alignment", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr std::uint64_t all = 200000;
  std::set<std::uint64_t> expected;
  Alive alive;
  for (int round = 0; round < 20; ++round) {
    const Alive before = alive;
    const std::uint64_t count = before.count();
    AliveEdit edit(alive);
    for (int i = 0; i < 3000; ++i) {
      const auto document = 1 + below(random, all - 1);
      if (below(random, 3) == 0)
        edit.reset(document), expected.erase(document);
      else
        edit.set(document), expected.insert(document);
    }
    alive = edit.take();
    REQUIRE(before.count() == count);
    REQUIRE(alive.count() == expected.size());
    const auto first = below(random, all + 1000);
    std::vector<std::uint64_t> bitmap(1 + below(random, 3000), ~std::uint64_t{0});
    alive.restrict(first, bitmap);
    for (std::size_t i = 0; i < bitmap.size() * 64; ++i) {
      const bool set = (bitmap[i / 64] >> (i % 64) & 1) != 0;
      if (set != expected.contains(first + i)) FAIL("bit " << i << " from " << first);
    }
  }
  CHECK_FALSE(alive.test(1u << 30));
}

TEST_CASE("merges keep few runs and rewrite each document once a tier", "[index]") {
  struct Row {
    std::uint64_t group, groups;
    MergePolicy policy;
    std::size_t most_runs;
    double most_rewrites;
  };
  const Row rows[] = {
      {1, 8000, {8, 8, 1u << 23}, 26, 7.5},
      {64, 1000, {8, 8, 1u << 23}, 22, 4},
      {8192, 1000, {8192, 4, 1u << 23}, 18, 6},
  };
  for (const Row& row : rows) {
    std::vector<std::uint64_t> sizes;
    std::uint64_t moved = 0;
    std::size_t most = 0;
    for (std::uint64_t i = 0; i < row.groups; ++i) {
      sizes.push_back(row.group);
      for (auto range = pick_merge(sizes, row.policy); range.count > 0; range = pick_merge(sizes, row.policy)) {
        REQUIRE(range.first + range.count <= sizes.size());
        const auto first = sizes.begin() + static_cast<std::ptrdiff_t>(range.first),
                   last = first + static_cast<std::ptrdiff_t>(range.count);
        const std::uint64_t sum = std::accumulate(first, last, std::uint64_t{0});
        REQUIRE(sum <= row.policy.limit);
        moved += sum;
        *first = sum;
        sizes.erase(first + 1, last);
      }
      most = std::max(most, sizes.size());
    }
    const double rewrites = static_cast<double>(moved) / static_cast<double>(row.group * row.groups);
    CAPTURE(row.group, most, rewrites);
    CHECK(most <= row.most_runs);
    CHECK(rewrites <= row.most_rewrites);
  }
}

TEST_CASE("a manifest reads back what it wrote, and refuses what is none", "[index]") {
  Manifest manifest;
  manifest.fingerprint = 0x0123456789abcdef;
  manifest.files = {{1, 8192, 0xdeadbeef, "a.segment"}, {8193, 5, 7, "b.segment"}};
  Manifest read;
  REQUIRE(Manifest::parse(manifest.text(), read));
  CHECK(read.text() == manifest.text());
  for (const std::string text : {"", "kiln segments 2\nfingerprint 0\n", "kiln segments 1\n", "kiln segments 1\nfingerprint x\n",
                                 "kiln segments 1\nfingerprint 1\n1 2\n", "kiln segments 1\nfingerprint 1\n1 2 3 ../a\n",
                                 "kiln segments 1\nfingerprint 1\n1 -2 3 a\n"})
    CHECK_FALSE(Manifest::parse(text, read));
}
