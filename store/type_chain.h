// TypeChain, TypeWalk: the documents of one type, in either direction, from anywhere.
//
// Records point at the document before of their type. Marks, each 64th document of a type under (type, document) with its rank,
// do the rest: from any place the engine's order finds the next mark, and the chain leads back from it. So every step here reads
// at most some 64 records, however many documents there are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/record.h"

namespace store {

inline constexpr std::uint64_t mark_distance = 64;

struct Mark {
  TypeNumber type = 0;
  Document document = 0;
  std::uint64_t rank = 0;  // how many documents of the type there are up to this one
};
std::string mark_key(TypeNumber type, Document document);
void put_mark(Transaction& out, const Mark& mark);
bool decode_mark(std::string_view key, std::string_view value, Mark& out);

// Under one snapshot, taken after `head`, the newest document of the type, was read.
class TypeChain {
 public:
  TypeChain(const Snapshot& snapshot, TypeNumber type, Document head) : snapshot_(snapshot), type_(type), head_(head) {}

  Document newest_below(Document before) const;  // 0: none
  // Documents above `after`, up to the next mark or the head, the greatest first: none only if the head is not above.
  void block_above(Document after, std::vector<Document>& out) const;
  Document before(Document document) const;              // of the same type; 0: none
  std::uint64_t count_through(Document document) const;  // how many are not above it

 private:
  Document anchor(Document document) const;  // a document of the type, not below, at most 64 of the type away; 0: none

  const Snapshot& snapshot_;
  const TypeNumber type_;
  const Document head_;
};

// A walk over documents [first, end) of one type; holds no snapshot, so it outlives them.
class TypeWalk {
 public:
  TypeWalk(TypeNumber type, Document head, Document first, Document end, Order order)
      : type_(type), head_(head), first_(first), end_(end), order_(order) {}
  Document at(const Snapshot& snapshot);  // where it stands; 0: at its end
  Document take();                        // what at() said, and on

 private:
  const TypeNumber type_;
  const Document head_;
  const Document first_, end_;
  const Order order_;
  Document taken_ = 0;           // the last one
  std::vector<Document> block_;  // found already; the next one is the last
  bool ended_ = false;
};

}  // namespace store
