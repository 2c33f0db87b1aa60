#include "store/type_chain.h"

#include <string>

#include "store/bytes.h"

namespace store {

std::string mark_key(TypeNumber type, Document document) {
  std::string key;
  append_type(key, type);
  const auto number = document_key(document);
  key.append(view(number));
  return key;
}

void put_mark(Transaction& out, const Mark& mark) {
  std::string value;
  append_varint(value, mark.rank);
  out.put(Space::marks, mark_key(mark.type, mark.document), value);
}

bool decode_mark(std::string_view key, std::string_view value, Mark& out) {
  out.type = take_type(key);
  out.document = parse_document_key(key);
  ByteReader in(value);
  out.rank = in.varint();
  return out.type != 0 && out.document != 0 && in.done() && out.rank % mark_distance == 0;
}

Document TypeChain::before(Document document) const {
  Record record;
  if (!find_record(snapshot_, document, record)) throw EngineError("document " + std::to_string(document) + " is missing");
  return record.header.type_previous;
}

Document TypeChain::anchor(Document document) const {
  if (document > head_) return 0;
  Mark mark;
  const auto cursor = snapshot_.cursor(Space::marks);
  if (!cursor->seek(mark_key(type_, document))) return head_;
  if (!decode_mark(cursor->key(), cursor->value(), mark)) throw EngineError("a mark is damaged");
  // A mark beyond the head: of a group that is not published yet.
  return mark.type == type_ && mark.document < head_ ? mark.document : head_;
}

Document TypeChain::newest_below(Document before_this) const {
  Document document = anchor(before_this);
  if (document == 0) return head_;
  while (document >= before_this) document = before(document);
  return document;
}

void TypeChain::block_above(Document after, std::vector<Document>& out) const {
  for (Document document = anchor(after + 1); document > after; document = before(document)) out.push_back(document);
}

std::uint64_t TypeChain::count_through(Document document) const {
  Mark mark;  // the last that is not above
  const auto cursor = snapshot_.cursor(Space::marks);
  if (cursor->seek(mark_key(type_, document + 1)) ? cursor->previous() : cursor->last()) {
    if (!decode_mark(cursor->key(), cursor->value(), mark)) throw EngineError("a mark is damaged");
    if (mark.type != type_) mark = {};
  }
  for (Document at = newest_below(document + 1); at > mark.document; at = before(at)) ++mark.rank;
  return mark.rank;
}

Document TypeWalk::at(const Snapshot& snapshot) {
  if (block_.empty() && !ended_) {
    const TypeChain chain(snapshot, type_, head_);
    if (order_ == Order::newest_first) {
      block_.push_back(taken_ == 0 ? chain.newest_below(end_) : chain.before(taken_));
    } else {
      chain.block_above(taken_ == 0 ? first_ - 1 : taken_, block_);
    }
  }
  ended_ = block_.empty() || block_.back() >= end_ || block_.back() < first_;
  return ended_ ? 0 : block_.back();
}

Document TypeWalk::take() {
  taken_ = block_.back();
  block_.pop_back();
  return taken_;
}

}  // namespace store
