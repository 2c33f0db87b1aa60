#include "search/current_then.h"

#include <algorithm>
#include <bit>

namespace search {
namespace {

using Bits = std::vector<std::uint64_t>;

bool overlaps(const Segment& segment, const CurrentThen& range) {
  return segment.base() < range.end && segment.base() + segment.size() > range.first;
}

void clear(Bits& bits, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t bit = first; bit < end;) {
    if (bit % 64 == 0 && end - bit >= 64) {
      bits[bit / 64] = 0;
      bit += 64;
    } else {
      bits[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
      ++bit;
    }
  }
}

void fill(const View& view, const Segment& segment, const CurrentThen& range, Bits& bits) {
  const std::uint64_t size = segment.size();
  bits.assign((size + 63) / 64, range.types.empty() ? ~std::uint64_t{0} : 0);
  if (range.types.empty()) clear(bits, size, bits.size() * 64);
  const Scan every = exact_scan("");
  for (const model::TypeId type : range.types) {
    const int slot = segment.slot({type, every_document});
    if (slot >= 0) segment.unite(slot, segment.find(slot, every), bits);
  }
  if (range.first > segment.base()) clear(bits, 0, range.first - segment.base());
  if (range.end < segment.base() + size) clear(bits, range.end - segment.base(), size);
  view.restrict_alive(segment, range.moment, bits);
}

}  // namespace

std::vector<Document> current_then(const View& view, const CurrentThen& range, store::Order order, std::size_t limit) {
  std::vector<Document> out;
  Bits bits;
  const auto segments = view.segments();
  const bool down = order == store::Order::newest_first;
  for (std::size_t i = 0; i < segments.size() && out.size() < limit; ++i) {
    const Segment& segment = *segments[down ? segments.size() - 1 - i : i];
    if (!overlaps(segment, range)) continue;
    fill(view, segment, range, bits);
    for (std::size_t w = 0; w < bits.size() && out.size() < limit; ++w) {
      const std::size_t at = down ? bits.size() - 1 - w : w;
      for (std::uint64_t word = bits[at]; word != 0 && out.size() < limit;) {
        const int bit = down ? 63 - std::countl_zero(word) : std::countr_zero(word);
        word &= ~(std::uint64_t{1} << bit);
        out.push_back(segment.base() + at * 64 + static_cast<std::uint64_t>(bit));
      }
    }
  }
  return out;
}

std::uint64_t count_current_then(const View& view, const CurrentThen& range) {
  std::uint64_t sum = 0;
  Bits bits;
  for (const auto& segment : view.segments()) {
    if (!overlaps(*segment, range)) continue;
    fill(view, *segment, range, bits);
    for (const std::uint64_t word : bits) sum += static_cast<std::uint64_t>(std::popcount(word));
  }
  return sum;
}

}  // namespace search
