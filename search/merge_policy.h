// Which adjacent runs to merge next: tiers by size, from the newest back.
#pragma once

#include <cstdint>
#include <span>

namespace search {

struct MergeRange {
  std::size_t first = 0;
  std::size_t count = 0;  // 0: nothing to merge
};

struct MergePolicy {
  std::uint64_t unit;   // documents below unit * fan are the lowest tier; each further tier is `fan` times larger
  std::uint64_t fan;    // so many runs of a tier are merged
  std::uint64_t limit;  // no run larger than this is made
};

// `sizes`: documents of adjacent runs, oldest first. The smallest tier of which the newest runs (but for smaller ones still
// newer) are at least `fan`; so a store of n documents has at most (fan - 1) runs in each of log(n) tiers, and each document is
// rewritten once a tier.
MergeRange pick_merge(std::span<const std::uint64_t> sizes, const MergePolicy& policy);

}  // namespace search
