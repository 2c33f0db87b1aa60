// TermStream: the documents of one or several terms of a segment, newest first, each once.
//
// Of one term it is Segment::newest; several lists are merged, a window of each held. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/index.h"

namespace search {

struct TermPlace {
  int slot = -1;
  std::uint32_t ordinal = 0;
};

class TermStream {
 public:
  // Offsets below `below`. The segment must outlive it.
  TermStream(const Segment& segment, std::span<const TermPlace> terms, std::uint32_t below);
  // Fills `out`, descending; fewer than it holds: there are no more.
  std::size_t next(std::span<std::uint32_t> out);

 private:
  struct List {
    TermPlace term;
    std::uint32_t below;
    std::uint32_t window = 16;          // offsets asked for next
    std::vector<std::uint32_t> read{};  // descending
    std::size_t at = 0;
    bool ended = false;
  };
  bool fill(List& list) const;  // false: the list has no more
  static bool before(const List* a, const List* b) { return a->read[a->at] < b->read[b->at]; }

  const Segment& segment_;
  std::vector<List> lists_;
  std::vector<List*> heap_;  // of several lists: those that have more, the newest head on top
  bool begun_ = false;
  std::uint32_t last_ = ~std::uint32_t{0};  // given before
};

}  // namespace search
