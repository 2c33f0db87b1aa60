#include "search/term_stream.h"

#include <algorithm>

namespace search {

TermStream::TermStream(const Segment& segment, std::span<const TermPlace> terms, std::uint32_t below) : segment_(segment) {
  lists_.reserve(terms.size());
  for (const TermPlace& term : terms) lists_.push_back({term, below});
}

bool TermStream::fill(List& list) const {
  if (list.at < list.read.size()) return true;
  if (list.ended) return false;
  list.read.resize(list.window);
  list.read.resize(segment_.newest(list.term.slot, list.term.ordinal, list.below, list.read));
  list.at = 0;
  list.ended = list.read.size() < list.window;
  if (list.read.empty()) return false;
  list.below = list.read.back();
  list.window = std::min<std::uint32_t>(list.window * 4, 256);
  return true;
}

std::size_t TermStream::next(std::span<std::uint32_t> out) {
  if (lists_.empty()) return 0;
  if (lists_.size() == 1) {
    List& list = lists_.front();
    const std::size_t got = segment_.newest(list.term.slot, list.term.ordinal, list.below, out);
    if (got > 0) list.below = out[got - 1];
    return got;
  }
  if (!begun_) {
    for (List& list : lists_) {
      if (fill(list)) heap_.push_back(&list);
    }
    std::make_heap(heap_.begin(), heap_.end(), before);
    begun_ = true;
  }
  std::size_t got = 0;
  while (got < out.size() && !heap_.empty()) {
    List& newest = *heap_.front();
    const std::uint32_t offset = newest.read[newest.at++];
    std::pop_heap(heap_.begin(), heap_.end(), before);
    if (fill(newest)) {
      std::push_heap(heap_.begin(), heap_.end(), before);
    } else {
      heap_.pop_back();
    }
    if (offset != last_) out[got++] = last_ = offset;
  }
  return got;
}

}  // namespace search
