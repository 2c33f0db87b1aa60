#include "search/merge_policy.h"

#include <algorithm>

namespace search {
namespace {

unsigned tier_of(std::uint64_t size, const MergePolicy& policy) {
  unsigned tier = 0;
  for (std::uint64_t bound = policy.unit * policy.fan; size >= bound; bound *= policy.fan) {
    ++tier;
    if (bound > policy.limit) break;
  }
  return tier;
}

}  // namespace

MergeRange pick_merge(std::span<const std::uint64_t> sizes, const MergePolicy& policy) {
  unsigned highest = 0;
  for (const std::uint64_t size : sizes) highest = std::max(highest, tier_of(size, policy));
  for (unsigned tier = 0; tier <= highest; ++tier) {
    std::size_t end = sizes.size();
    while (end > 0 && tier_of(sizes[end - 1], policy) < tier) --end;
    std::size_t first = end;
    std::uint64_t sum = 0;
    while (first > 0 && tier_of(sizes[first - 1], policy) <= tier && sum + sizes[first - 1] <= policy.limit)
      sum += sizes[--first];
    if (end - first >= policy.fan) return {first, end - first};
  }
  return {};
}

}  // namespace search
